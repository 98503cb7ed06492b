"""The command ``adla train``, see its ``-h``."""

from adla.cli import main

if __name__ == "__main__":
    main("train")
