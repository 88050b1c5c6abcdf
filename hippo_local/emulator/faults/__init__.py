"""Faults on request: failing API calls, functions and tasks."""
