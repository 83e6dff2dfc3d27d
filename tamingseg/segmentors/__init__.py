"""Every model behind one shape: embed an image once, then answer clicks."""
