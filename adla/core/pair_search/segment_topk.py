"""The best of the pairs of every box: the largest values win, on a tie the lowest index."""

import torch
from torch import Tensor

from ..limits import limits_of


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


def largest_of_each(keys: Tensor, values: Tensor, k: int | Tensor = 1) -> Tensor:
    """Return the indices of the k entries with the largest value of each key.

    On a tie the entry that stands first in the list wins.

    Args:
        keys: Shape (M,), int64.
        values: Shape (M,).
        k: How many of each key at most, at least 1; may differ by key, then of shape (M,), int64.

    Returns:
        Indices sorted by key, then by falling value.
    """
    order = values.argsort(descending=True, stable=True)
    order = order[keys[order].argsort(stable=True)]
    ordered = keys[order]
    rank = torch.arange(len(keys), device=keys.device) - torch.searchsorted(ordered, ordered)
    return order[rank < (k if isinstance(k, int) else k[order])]


def largest_of_rows(values: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """Return the k largest values of every row and their indices; the lowest index wins a tie.

    Args:
        values: Shape (R, N), floating; a NaN counts as the smallest value.
        k: At most N.

    Returns:
        Falling values and indices, shape (R, k).
    """
    values = values.nan_to_num(nan=-torch.inf, posinf=torch.inf, neginf=-torch.inf)
    if values.dtype != torch.float32:
        values, indices = values.sort(dim=1, descending=True, stable=True)
        return values[:, :k].clone(), indices[:, :k].clone()
    # Value and index in one integer: the bits of a float, those of negative ones reversed, are in
    # its order. So no two keys are equal, and a selection that is not stable gives one answer.
    bits = (values + 0.0).view(torch.int32)
    keys = torch.bitwise_xor(bits, (bits >> 31) & 0x7FFFFFFF).long() << 32
    keys |= torch.arange(values.size(1), device=values.device).bitwise_not_() & 0xFFFFFFFF
    indices = keys.topk(k, dim=1).values.bitwise_not_() & 0xFFFFFFFF
    return values.gather(1, indices), indices


def listed(
    keys: Tensor, k: int, owners: Tensor, values: Tensor, indices: Tensor
) -> tuple[Tensor, Tensor]:
    """Write entries into rows, one for each key.

    Args:
        keys: Ascending, shape (W,), int64.
        k: The length of a row.
        owners: The key of each entry, ascending, at most k of each; shape (M,).
        values: Shape (M,).
        indices: Shape (M,), int64.

    Returns:
        Values and indices of shape (W, k), entries in their order; 0 where there are none left.
    """
    row = torch.searchsorted(keys, owners)
    place = torch.arange(len(owners), device=row.device) - torch.searchsorted(owners, owners)
    row_values, row_indices = (x.new_zeros(len(keys), k) for x in (values, indices))
    row_values[row, place], row_indices[row, place] = values, indices
    return row_values, row_indices
