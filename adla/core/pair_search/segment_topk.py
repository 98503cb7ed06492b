"""The best of the pairs of every box: the largest values win, on a tie the lowest index."""

import torch
from torch import Tensor


def keep_best(best: Tensor, choice: Tensor, slot: Tensor, value: Tensor, option: Tensor) -> None:
    """Let M offers compete for S slots, in place, with what stands there.

    Args:
        best: Shape (S,): the value that an offer has to beat; becomes the best value.
        choice: Shape (S,), int64: the option of that value; becomes that of the best value.
        slot: Shape (M,), int64: the slot of each offer.
        value: Shape (M,): the value of each offer.
        option: Shape (M,), int64: the option that each offer stands for.
    """
    standing = best.index_select(0, slot)
    better = (value == standing) & (option < choice.index_select(0, slot))
    better = (better | (value > standing)).nonzero().squeeze(1)
    slot, value, option = (x.index_select(0, better) for x in (slot, value, option))
    best.scatter_reduce_(0, slot, value, "amax")
    wins = (value == best.index_select(0, slot)).nonzero().squeeze(1)
    slot, option = slot.index_select(0, wins), option.index_select(0, wins)
    choice.index_fill_(0, slot, torch.iinfo(choice.dtype).max)
    choice.scatter_reduce_(0, slot, option, "amin")


def largest_of_each(keys: Tensor, values: Tensor, k: int = 1) -> Tensor:
    """Return the indices of the k entries with the largest value of each key.

    On a tie the entry that stands first in the list wins.

    Args:
        keys: Shape (M,), int64.
        values: Shape (M,).
        k: How many of each key at most, at least 1.

    Returns:
        Indices sorted by key, then by falling value.
    """
    order = values.argsort(descending=True, stable=True)
    order = order[keys[order].argsort(stable=True)]
    ordered = keys[order]
    rank = torch.arange(len(keys), device=keys.device) - torch.searchsorted(ordered, ordered)
    return order[rank < k]
