"""Execution, ranking, facets, hits."""
