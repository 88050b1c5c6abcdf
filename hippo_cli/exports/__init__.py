"""`hippo export`: a project's data as files, updated by each run."""
