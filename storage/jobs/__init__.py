"""Passes over what is stored: import, re-extraction, re-key, re-index, name mentions."""
