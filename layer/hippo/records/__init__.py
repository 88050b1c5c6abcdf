"""The platform's memory in S3: participants, their servers, and the messages between functions."""
