"""The researcher's tool: from a study's folder to a running study, and the data back home."""
