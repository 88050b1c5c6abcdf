"""Finding and removing whatever was left over."""
