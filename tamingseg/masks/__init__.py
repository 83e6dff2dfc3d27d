"""Arrays of masks and of probabilities: overlap, levels, certainty, run-length encoding."""
