"""Where `hippo` begins: `python -m hippo_cli` is the same."""

import sys


def main() -> None:
    """Runs the command line; what it needs is loaded here, so that Ctrl-C ends that quietly, too."""
    try:
        from hippo_cli.app import main as run
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        sys.exit(130)
    run()


if __name__ == "__main__":
    main()
