"""One operator, one file, one class."""
