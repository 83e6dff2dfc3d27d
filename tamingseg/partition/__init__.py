"""Partitions: every pixel of an image in exactly one region."""
