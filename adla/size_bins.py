"""The size bins of the AI-TOD protocol, for all parts of adla; this file imports nothing."""

#: Absolute size bins: name -> (lower, upper) area in square pixels.
SIZE_BINS: dict[str, tuple[float, float]] = {
    "vt": (0, 8**2),
    "t": (8**2, 16**2),
    "s": (16**2, 32**2),
    "m": (32**2, 1e10),
}
