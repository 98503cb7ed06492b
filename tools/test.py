"""The command ``adla test``, see its ``-h``."""

from adla.cli import main

if __name__ == "__main__":
    main("test")
