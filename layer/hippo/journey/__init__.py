"""A participant's way through a study, as `next_step` controls it."""
