"""`hippo export`: a project's data as files, brought up to date by each further run."""
