"""The command ``adla convert yolov8``, see its ``-h``."""

from adla.cli import main

if __name__ == "__main__":
    main("convert", "yolov8")
