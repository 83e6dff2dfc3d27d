"""Proposals: the masks of an image without a click, as an ordered list, the best first."""
