"""Pure algorithms on text and URLs."""
