"""Simulated users, for training and evaluation, and grids of clicks."""
