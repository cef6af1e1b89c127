"""Fetching outside the engine, failure causes, IP address policy, throttle."""
