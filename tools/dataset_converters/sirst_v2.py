"""The command ``adla convert sirst-v2``, see its ``-h``."""

from adla.cli import main

if __name__ == "__main__":
    main("convert", "sirst-v2")
