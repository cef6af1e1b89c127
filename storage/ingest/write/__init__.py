"""Writes the intended change of a batch: statements only."""
