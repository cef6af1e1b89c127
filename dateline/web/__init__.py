"""The HTTP API and the reading room: one application over one archive."""
