"""Clicks that nobody clicked: simulated users for training and evaluation."""
