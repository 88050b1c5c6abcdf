"""One module per command: it reads the command line, calls the tool's other modules, and shows the result."""
