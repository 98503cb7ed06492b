"""The command ``adla convert levir-ship``, see its ``-h``."""

from adla.cli import main

if __name__ == "__main__":
    main("convert", "levir-ship")
