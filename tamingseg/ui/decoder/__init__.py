"""Answers to clicks in the browser: the features and weights it needs, and the arithmetic."""
