"""Page forms that numbered news agencies share."""
