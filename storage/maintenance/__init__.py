"""Backup, integrity, takedown, housekeeping."""
