"""ECS and Fargate, where the emulator differs from AWS."""
