"""Checks of what an op is called with, so that a fault is one sentence and no crash."""

from torch import Tensor, jit


def check_floating(**tensors: Tensor) -> None:
    """Check that tensors hold floating point numbers.

    Raises:
        ValueError: One of them holds something else.
    """
    for name, tensor in tensors.items():
        if not tensor.is_floating_point():
            raise ValueError(
                f"{name} must hold floating point numbers, but got {tensor.dtype}: "
                f"pass {name}.float()"
            )


def check_devices(**tensors: Tensor) -> None:
    """Check that tensors are on one device.

    Raises:
        ValueError: They are not.
    """
    if len({tensor.device for tensor in tensors.values()}) > 1:
        found = ", ".join(f"{name} on {tensor.device}" for name, tensor in tensors.items())
        raise ValueError(f"all tensors of an op must be on one device, but got {found}")


def check_shape(name: str, tensor: Tensor, *shape: int | None) -> None:
    """Check the shape of a tensor; a trace for ONNX skips this.

    Args:
        name: What to call it.
        tensor: The tensor.
        shape: Its lengths; None stands for any.

    Raises:
        ValueError: It has another shape.
    """
    if jit.is_tracing():
        return
    fits = tensor.dim() == len(shape) and all(
        length in (None, found) for length, found in zip(shape, tensor.shape, strict=True)
    )
    if not fits:
        wanted = ", ".join("N" if length is None else str(length) for length in shape)
        raise ValueError(
            f"{name} must have shape ({wanted}{',' if len(shape) == 1 else ''}), "
            f"but got {tuple(tensor.shape)}"
        )


def check_no_nan(**tensors: Tensor) -> None:
    """Check that no row of a tensor holds NaN; a trace for ONNX skips this.

    Raises:
        ValueError: One does; the first such row is named.
    """
    if jit.is_tracing():
        return
    for name, tensor in tensors.items():
        unordered = tensor.isnan()
        if unordered.any():
            rows = unordered.flatten(1).any(1) if tensor.dim() > 1 else unordered
            raise ValueError(
                f"{name} hold NaN in {int(rows.sum())} of {len(rows)} rows (the first is row "
                f"{int(rows.nonzero()[0])}): the network has diverged or its input is bad"
            )
