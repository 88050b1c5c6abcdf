"""Where the programs `hippo` (also `python -m hippo_cli`) and `updateProject.py` begin."""

import sys
from importlib import import_module


def main() -> None:
    """Runs the command line of `hippo`."""
    _run("hippo_cli.app")


def update_project() -> None:
    """Runs that of `updateProject.py`."""
    _run("hippo_cli.update_project")


def _run(module: str) -> None:
    """What it needs is loaded here, so that Ctrl-C ends that quietly, too."""
    try:
        run = import_module(module).main
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        sys.exit(130)
    run()


if __name__ == "__main__":
    main()
