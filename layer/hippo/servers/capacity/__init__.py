"""The caps on running servers, and the queue for a free slot."""
