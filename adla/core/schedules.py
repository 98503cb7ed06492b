"""How the weight of the anchor changes over the training."""

#: Progress at which alpha starts to fall and at which it has reached its final value (Eq. 10).
DECAY_START, DECAY_END = 0.1, 0.5


def alpha_at(progress: float, alpha0: float = 0.6) -> float:
    """Return alpha at a progress of the training, Eq. 10 of the ADLA paper.

    1 until a tenth of the training, then a straight line down to ``alpha0`` at its half.

    Args:
        progress: Share of the training that is done, in [0, 1].
        alpha0: The final value, in [0, 1].

    Returns:
        Alpha as a Python float, in [alpha0, 1].

    Raises:
        ValueError: If the progress is outside [0, 1].
    """
    progress = float(progress)
    if not 0 <= progress <= 1:
        raise ValueError(f"progress must be in [0, 1], but got {progress}")
    share = min(max((progress - DECAY_START) / (DECAY_END - DECAY_START), 0.0), 1.0)
    return (1 - share) + share * float(alpha0)
