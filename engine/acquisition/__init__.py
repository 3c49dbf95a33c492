"""One file, one score: how much a pixel's label would teach, from class probabilities alone.

Each module offers `score(probs)` with probs (K, C, H, W) from K forward passes, summing to 1 over C; it returns (H, W) in
[0, 1], larger where a label teaches more. K is 1 unless test-time views or several models are asked for. Scores know
nothing of units, classes or costs: `engine.regions` adds those.
"""
