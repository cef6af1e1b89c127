"""The read side: one item, directory, co-occurrence, timemap."""
