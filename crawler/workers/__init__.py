"""Extraction in worker processes."""
