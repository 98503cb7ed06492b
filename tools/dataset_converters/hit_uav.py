"""The command ``adla convert hit-uav``, see its ``-h``."""

from adla.cli import main

if __name__ == "__main__":
    main("convert", "hit-uav")
