"""Taking a game server down."""
