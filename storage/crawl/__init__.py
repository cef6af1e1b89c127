"""State of the crawl: sources, endpoints, frontier, runs, leases, backfills."""
