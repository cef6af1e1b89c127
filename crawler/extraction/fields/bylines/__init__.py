"""Who wrote a page: names from its head, marked elements and text."""
