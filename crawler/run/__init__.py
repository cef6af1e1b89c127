"""The parts of one crawl run; each takes a RunContext, none the spider."""
