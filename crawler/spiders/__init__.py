"""The spiders: ``news`` crawls a source, ``discover`` finds its endpoints."""
