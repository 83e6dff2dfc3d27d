"""The editing state of one image: clicks, answers, kept objects, undo and redo."""
