"""The write path of one fetched page."""
