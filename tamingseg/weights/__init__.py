"""Trained weights: the shipped files, saving and loading, foreign formats."""
