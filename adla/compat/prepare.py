"""What is done once before mmdet is used with adla's components."""

from .family import check_stack


def prepare_stack() -> None:
    """Check what is installed, and let torch read the checkpoints of a training.

    Raises:
        ImportError: See `adla.compat.family.check_stack`.
    """
    check_stack()
    from .checkpoints import allow_training_state

    allow_training_state()
