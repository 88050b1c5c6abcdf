"""What the platform remembers in S3: participants, their servers, and the messages between functions."""
