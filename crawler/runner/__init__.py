"""Reactor, crawls, scheduler, leases."""
