"""`python -m hippo_cli` is `hippo`."""

from hippo_cli.app import main

if __name__ == "__main__":
    main()
