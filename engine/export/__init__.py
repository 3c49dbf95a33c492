"""A model for other programs, one file one format.

Each module of a format offers

    missing() -> str
        Why it cannot be written and tried here, as a sentence; empty where it can.
    write(model, tile_px, stem) -> tuple[Path, ...]
        The files that were written; the first is the one that other programs open.
    probabilities(path, images) -> NDArray
        What a written file says of standardized images.

What they share is in `graph`: they take standardized images and give class probabilities.
"""
