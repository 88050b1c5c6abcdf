"""The game server's container image: build context, Dockerfile, Docker and ECR."""
