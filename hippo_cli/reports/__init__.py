"""`hippo status`: where participants and servers of a project are, live or as a report."""
