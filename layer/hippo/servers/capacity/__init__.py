"""The caps on running servers, and the queue for free slots."""
