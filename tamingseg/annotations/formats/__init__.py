"""A file per format: `recognised`, `read` and `write`, listed in `tamingseg.annotations.table`."""
