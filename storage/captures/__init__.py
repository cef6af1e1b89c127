"""WARC files: write, read, verify, repair, prune, repack."""
