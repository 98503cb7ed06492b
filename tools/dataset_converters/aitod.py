"""The command ``adla convert aitod``, see its ``-h``."""

from adla.cli import main

if __name__ == "__main__":
    main("convert", "aitod")
