"""Figures of a project for `hippo status`: as text, JSON or an HTML report with charts."""
