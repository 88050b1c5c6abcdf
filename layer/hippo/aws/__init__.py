"""One adapter per AWS service, with methods in the project's terms and botocore's errors turned into ours."""
