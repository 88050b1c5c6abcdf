"""Bringing a game server up."""
