"""The life of a participant's game server: start, stop, sweep and capacity."""
