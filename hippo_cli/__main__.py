"""The entry points of `hippo` (also `python -m hippo_cli`) and `updateProject.py`."""

import sys
from importlib import import_module

from hippo_local.console import silence_libraries


def main() -> None:
    """Run the command line of `hippo`."""
    _run("hippo_cli.app")


def update_project() -> None:
    """Run the command line of `updateProject.py`."""
    _run("hippo_cli.update_project")


def _run(module: str) -> None:
    """Import and run a module's `main`. Importing it here lets Ctrl-C end the import quietly, too."""
    silence_libraries(sys.argv)  # before libraries are imported, which may warn already
    try:
        run = import_module(module).main
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        sys.exit(130)
    run()


if __name__ == "__main__":
    main()
