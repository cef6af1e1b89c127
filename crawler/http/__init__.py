"""Fetching outside the engine, failure causes, address policy, throttle."""
