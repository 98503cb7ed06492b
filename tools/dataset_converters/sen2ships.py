"""The command ``adla convert sen2ships``, see its ``-h``."""

from adla.cli import main

if __name__ == "__main__":
    main("convert", "sen2ships")
