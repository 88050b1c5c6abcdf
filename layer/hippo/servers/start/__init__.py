"""The start of a game server."""
