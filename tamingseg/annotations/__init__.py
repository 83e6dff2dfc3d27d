"""What people annotate, as a value, and every format it is read from and written to."""
