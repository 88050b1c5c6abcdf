"""Lambda, where the emulator differs from AWS."""
