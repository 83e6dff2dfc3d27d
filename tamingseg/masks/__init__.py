"""Arrays of masks: overlap, shape, certainty, run-length encoding. Numpy only."""
