"""MiniStack, unmodified on disk, in its own process and with the gaps closed that a study would meet."""
