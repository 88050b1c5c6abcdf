"""MiniStack, unmodified on disk, run in a process of its own with the gaps closed that a study meets."""
