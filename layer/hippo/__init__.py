"""The code that the HIPPO Gym handlers share. It depends on nothing but boto3."""
