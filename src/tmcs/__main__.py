"""``python -m tmcs``."""

from tmcs.cli.main import main

if __name__ == "__main__":
    main()
