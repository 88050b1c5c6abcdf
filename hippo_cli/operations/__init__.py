"""Looking after a running study: its servers, its participants, its logs, whether it is open."""
