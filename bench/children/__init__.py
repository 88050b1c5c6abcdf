"""Scripts that the measurements run in fresh interpreters, as Lambda runs handlers."""
