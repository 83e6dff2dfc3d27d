"""Training: configuration, optimiser, tasks, run folders and the loop."""
