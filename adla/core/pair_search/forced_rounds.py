"""Rounds in which those who went away empty choose again, from lists of their best choices."""

from typing import NamedTuple

import torch
from torch import Tensor

from ..limits import limits_of
from .segment_topk import largest_of_each

#: Choices that are looked at first. Who has lost them all looks at more, by a factor.
CHOICES, GROWTH = 16, 8


class Settled(NamedTuple):
    """What rows got, all on the device of what they chose from.

    Attributes:
        rows: Shape (M,), int64.
        choices: Shape (M,), int64: what each got.
        values: Shape (M,): its value for the row.
        without: Rows that need a new list, int64, ascending.
    """

    rows: Tensor
    choices: Tensor
    values: Tensor
    without: Tensor


def first_length(wanting: Tensor) -> int:
    """Return how many choices the first lists of W rows, shape (W,), hold.

    Where they turn out too short, the next are longer by :data:`GROWTH`, so that a crowd of any
    size needs few lists. Where each list makes the host wait, they hold all that may be needed, up
    to a limit.
    """
    return min(len(wanting), limits_of(wanting.device).forced_choices)


def settle(values: Tensor, choices: Tensor, none: float) -> Settled:
    """Let W rows choose until nobody who can choose is without.

    In every round each row without takes the first of its choices that is free. One that several
    take goes to the row with the largest value (the first on a tie), which keeps it; the others
    choose again. The rounds end early where a row has lost a whole list and may have more choices
    than it holds: not with W choices, as the other rows take W - 1 at most. They run on the CPU:
    each one would make a GPU wait.

    Args:
        values: Shape (W, k), falling in each row.
        choices: Shape (W, k), int64.
        none: The value of what is missing in a list.

    Returns:
        Who got what.
    """
    device = values.device
    values, choices = values.cpu(), choices.cpu()
    without, width = torch.arange(len(values)), min(CHOICES, values.size(1))
    taken = torch.zeros(int(choices.max()) + 1, dtype=torch.bool)
    rows, places = [without[:0]], [without[:0]]
    while len(without):
        known = values[without, :width] != none
        free = known & ~taken[choices[without, :width]]
        able = free.any(dim=1)
        may_have_more = ~able & known[:, -1]
        if bool(may_have_more.any()):
            if width == values.size(1):
                without = without[able | may_have_more]
                break
            width = min(width * GROWTH, values.size(1))
            continue
        without = without[able]
        place = free[able].to(torch.uint8).argmax(dim=1)
        choice = choices[without, place]
        wins = largest_of_each(choice, values[without, place])
        rows.append(without[wins])
        places.append(place[wins])
        taken[choice[wins]] = True
        loses = torch.ones_like(without, dtype=torch.bool)
        loses[wins] = False
        without = without[loses]
    row, place = torch.cat(rows), torch.cat(places)
    found = torch.cat([row, choices[row, place], without]).to(device)
    row_at, choice, without = found.split([len(row), len(row), len(without)])
    return Settled(row_at, choice, values[row, place].to(device), without)
