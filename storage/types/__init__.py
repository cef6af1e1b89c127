"""Pure values that crawler and storage exchange."""
