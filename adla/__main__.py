"""``python -m adla`` is the command ``adla``."""

from .cli import main

if __name__ == "__main__":
    main()
