"""Maintenance: backup, integrity, takedown, housekeeping."""
