"""The local platform: the deployed template on one machine, without Docker and without an AWS account."""
