"""Import and re-extraction."""
