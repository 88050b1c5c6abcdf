"""API Gateway, where the emulator differs from AWS."""
