"""Operation of a running study: its servers, participants and logs, and whether it is open."""
