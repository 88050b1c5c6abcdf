"""Scripted participants: they go through the study of a platform that is up, and say what each has seen."""
