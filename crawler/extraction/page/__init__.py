"""Bytes to one parsed page: encoding, repair of broken trees, what a browser would show."""
