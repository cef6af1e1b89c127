"""Maintenance of capture files: verify, repair, prune, repack, rewrite."""
