"""Measurements: the cost of requests, the time of cold starts, and the behaviour under load."""
