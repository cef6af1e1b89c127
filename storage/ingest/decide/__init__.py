"""Decides what the outcomes of a batch change. Pure: no database, clock or network."""
