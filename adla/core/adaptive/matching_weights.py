"""How much a positive counts, by its matching degree."""

from torch import Tensor


def matching_weights(degrees: Tensor, gt_inds: Tensor, num_gts: int) -> Tensor:
    r"""Return DAL's matching weights, ``w = M + 1 - max M`` of the same ground truth.

    The best positive of every ground truth weighs 1, the others less by as much as they are worse
    (Ming et al., arXiv 2012.04150, the matching-sensitive loss). The box loss of a positive is
    multiplied by w, its class loss by ``1 + w``.

    Args:
        degrees: M, the matching degree of P positives with their ground truths, (P,), in [0, 1].
        gt_inds: Indices of these ground truths, (P,), from 0.
        num_gts: How many ground truths there are.

    Returns:
        Weights (P,), in [0, 1].

    Example:
        >>> import torch
        >>> degrees = torch.tensor([0.5, 0.75, 0.25])
        >>> matching_weights(degrees, torch.tensor([0, 0, 1]), num_gts=2).tolist()
        [0.75, 1.0, 1.0]
    """
    best = degrees.new_zeros(num_gts).scatter_reduce(0, gt_inds, degrees, "amax")
    return degrees + 1 - best[gt_inds]
