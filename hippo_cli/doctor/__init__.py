"""`hippo doctor`: checks of account, stack, quotas, names and this machine."""
