"""The command ``adla table``, see its ``-h``."""

from adla.cli import main

if __name__ == "__main__":
    main("table")
