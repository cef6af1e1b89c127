"""Timestamps: machine-readable and as shown, in all languages and calendars."""
