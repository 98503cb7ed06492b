"""The command ``adla predict``, see its ``-h``."""

from adla.cli import main

if __name__ == "__main__":
    main("predict")
