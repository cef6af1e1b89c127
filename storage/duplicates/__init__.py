"""Near-duplicates: MinHash, LSH bands, Bloom filters, clusters."""
