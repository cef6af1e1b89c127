"""The reading room: what people see of an archive."""
