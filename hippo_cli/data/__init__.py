"""The contents of a project's bucket, as `hippo export` and `hippo status` read them."""
