"""What people touch: the command line, the demonstration, and (to come) the reading room."""
