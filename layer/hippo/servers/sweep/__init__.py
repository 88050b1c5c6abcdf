"""The sweep: finds and removes what stops have left behind."""
