"""A labelling campaign with an oracle instead of a person: the ground, the answers, the choices, the training, the figures."""
