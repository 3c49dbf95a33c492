"""From scenes to a trained network: census and chips, augmentation, objective, the one loop, validation, resuming.

Distilling is the same loop with more terms in its objective; a teacher is a term that may be absent.
"""
