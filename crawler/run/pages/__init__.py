"""Pages of one run: extraction, continuation pages, rendering, outcomes."""
