"""What stands between a study and its participants: account, stack, quotas, names, this machine."""
