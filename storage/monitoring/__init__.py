"""Alarms, health, metrics, status."""
