"""Rounds in which those who went away empty choose again, from lists of their best choices."""

from typing import NamedTuple

import torch
from torch import Tensor

from .segment_topk import largest_of_each

#: Choices that a list holds. Who has lost them all needs a new list, which is longer by a factor:
#: so a crowd of any size needs few lists.
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


def settle(values: Tensor, choices: Tensor, none: float) -> Settled:
    """Let W rows choose until nobody who can choose is without.

    In every round each row without takes the first of its choices that is free. One that several
    take goes to the row with the largest value (the first on a tie), which keeps it; the others
    choose again. The rounds end early where a row has lost a whole list and may have more choices
    than it holds. They run on the CPU: each one would make a GPU wait.

    Args:
        values: Shape (W, k), falling in each row.
        choices: Shape (W, k), int64.
        none: The value of what is missing in a list.

    Returns:
        Who got what.
    """
    device = values.device
    values, choices = values.cpu(), choices.cpu()
    free = values != none
    is_full, without = free.all(dim=1), torch.arange(len(values))
    rows, places = [without[:0]], [without[:0]]
    while True:
        able = free[without].any(dim=1)
        if not bool(able.any()) or bool((is_full[without] & ~able).any()):
            without = without[able | is_full[without]]
            break
        without = without[able]
        place = free[without].to(torch.uint8).argmax(dim=1)
        choice = choices[without, place]
        wins = largest_of_each(choice, values[without, place])
        rows.append(without[wins])
        places.append(place[wins])
        free &= ~torch.isin(choices, choice[wins])
        loses = torch.ones_like(able[able])
        loses[wins] = False
        without = without[loses]
    row, place = torch.cat(rows), torch.cat(places)
    return Settled(*(x.to(device) for x in (row, choices[row, place], values[row, place], without)))
