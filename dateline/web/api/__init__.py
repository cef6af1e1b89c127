"""The HTTP API: what programs ask of an archive."""
