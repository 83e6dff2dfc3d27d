"""Scores, counted from tables of numbers; no model, no file and no plot is known here."""
