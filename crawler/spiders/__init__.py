"""The spiders: ``news`` crawls a source, ``discover`` finds where one announces its items."""
