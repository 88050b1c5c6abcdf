"""The researcher's command-line tool: create, check, publish, monitor and export studies."""
