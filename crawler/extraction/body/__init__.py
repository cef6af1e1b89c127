"""Which blocks are the article's text."""
