"""The command ``adla convert visdrone``, see its ``-h``."""

from adla.cli import main

if __name__ == "__main__":
    main("convert", "visdrone")
