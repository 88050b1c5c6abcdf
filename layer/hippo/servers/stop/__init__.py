"""The stop of a game server."""
