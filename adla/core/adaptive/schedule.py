"""How the weight of the anchor changes over the training."""

#: Progress at which alpha starts to fall and at which it has reached its final value (Eq. 10).
ALPHA_DECAY = (0.1, 0.5)


def alpha_at(
    progress: float, alpha0: float = 0.6, decay: tuple[float, float] = ALPHA_DECAY
) -> float:
    """Return alpha at a progress of the training, Eq. 10 of the ADLA paper.

    1 until the start of the decay, then a straight line down to ``alpha0`` at its end.

    Args:
        progress: Share of the training that is done, in [0, 1].
        alpha0: The final value, in [0, 1].
        decay: Progress at the start and at the end of the decay, 0 <= start < end <= 1.

    Returns:
        Alpha as a Python float, in [alpha0, 1].

    Raises:
        ValueError: If the progress is outside [0, 1], or the decay is no such pair.

    Example:
        >>> alpha_at(0), round(alpha_at(0.3), 4), round(alpha_at(0.5), 4)
        (1.0, 0.8, 0.6)
    """
    progress = float(progress)
    if not 0 <= progress <= 1:
        raise ValueError(f"progress must be in [0, 1], but got {progress}")
    if len(decay) != 2 or not 0 <= decay[0] < decay[1] <= 1:
        raise ValueError(f"decay must be (start, end), 0 <= start < end <= 1, but got {decay}")
    start, end = decay
    share = min(max((progress - start) / (end - start), 0.0), 1.0)
    return (1 - share) + share * float(alpha0)
