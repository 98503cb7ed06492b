"""Many offers for few slots: the largest value wins, on a tie the lowest option."""

import torch
from torch import Tensor

from .limits import limits_of


def keep_best(best: Tensor, choice: Tensor, slot: Tensor, value: Tensor, option: Tensor) -> None:
    """Let M offers compete for S slots, in place, with what stands there.

    Args:
        best: Shape (S,): the value that an offer has to beat; becomes the best value.
        choice: Shape (S,), int64: the option of that value; becomes that of the best value.
        slot: Shape (M,), int64: the slot of each offer.
        value: Shape (M,): the value of each offer.
        option: Shape (M,), int64: the option that each offer stands for.
    """
    if limits_of(best.device).free_waits:
        standing = best.index_select(0, slot)
        better = (value == standing) & (option < choice.index_select(0, slot))
        better = (better | (value > standing)).nonzero().squeeze(1)
        slot, value, option = (x.index_select(0, better) for x in (slot, value, option))
        best.scatter_reduce_(0, slot, value, "amax")
        wins = (value == best.index_select(0, slot)).nonzero().squeeze(1)
        slot, option = slot.index_select(0, wins), option.index_select(0, wins)
        choice.index_fill_(0, slot, torch.iinfo(choice.dtype).max)
        choice.scatter_reduce_(0, slot, option, "amin")
        return
    # The same without asking how many offers are left.
    standing = best.clone()
    best.scatter_reduce_(0, slot, value, "amax")
    choice.masked_fill_(best > standing, torch.iinfo(choice.dtype).max)
    losing = value != best.index_select(0, slot)
    option = option.masked_fill(losing, torch.iinfo(choice.dtype).max)
    choice.scatter_reduce_(0, slot, option, "amin")
