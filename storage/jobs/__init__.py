"""Jobs over stored data: import, re-extraction, re-keying, re-indexing, name mentions."""
