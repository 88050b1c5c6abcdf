"""Pages as browsers parse them, which is not how Python's own parser does."""
