"""Faults on demand: API calls, functions and tasks that fail."""
