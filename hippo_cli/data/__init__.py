"""What a project's bucket holds, as `hippo export` and `hippo status` read it."""
