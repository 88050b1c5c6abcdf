"""What the HIPPO Gym handlers share; it depends on nothing but boto3."""
