"""A participant's path through a study, which `next_step` controls."""
