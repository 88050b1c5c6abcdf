"""One adapter per AWS service: methods in the project's words, botocore's errors turned into ours."""
