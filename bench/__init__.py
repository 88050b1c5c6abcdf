"""Measurements: what a request costs, how a cold start spends its time, how a platform bears a crowd."""
