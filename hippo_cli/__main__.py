"""The entry points of `hippo` (also `python -m hippo_cli`) and `updateProject.py`."""

import logging
import sys
from importlib import import_module


def main() -> None:
    """Run the command line of `hippo`."""
    _run("hippo_cli.app")


def update_project() -> None:
    """Run the command line of `updateProject.py`."""
    _run("hippo_cli.update_project")


def _run(module: str) -> None:
    """Import and run a module's `main`. Importing it here lets Ctrl-C end the import quietly, too."""
    # The layer's log is for CloudWatch. Without a handler, Python writes its warnings to standard error.
    logging.getLogger("hippo").addHandler(logging.NullHandler())
    try:
        run = import_module(module).main
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        sys.exit(130)
    run()


if __name__ == "__main__":
    main()
