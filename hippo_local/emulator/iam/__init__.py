"""IAM, where the emulator differs from AWS: policies are enforced."""
