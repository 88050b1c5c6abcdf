"""The local platform: the deployed template on one machine, without Docker or an AWS account."""
