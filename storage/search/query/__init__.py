"""Query language to SQL."""
