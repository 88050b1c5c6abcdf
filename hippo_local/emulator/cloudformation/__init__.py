"""CloudFormation, where the emulator differs from AWS."""
