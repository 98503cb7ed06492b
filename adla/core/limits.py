"""Where one way of computing gets faster than another, and how much is computed at once, by device.

These numbers decide about time and memory, never about a result: the exactness tests in
``tests/core`` run with each. The CPU's are measured (``tools/benchmark/assigners.py`` and
``engines.py``). Those of CUDA are reasoned, not measured yet; ``tools/gpu_check.py`` measures them.
The reasons: a GPU computes a pair a hundred times faster than a core, but starts a kernel in the
same 5 to 10 us, and waits for the host at every size that it has to tell it. So it takes all
pairs, which needs neither sorting nor sizes, much further up, and cuts the work into few, large
blocks: of 2^22 pairs, some 64 bytes each, or 256 MiB.
"""

from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class Limits:
    """How to compute on one kind of device; pairs are those of ground truths and priors.

    Attributes:
        free_waits: Whether the host may ask for a size or a value at no cost. If not, nothing is
            left out where that would ask for a size, and no sample is taken.
        sieved_pairs: Pairs up to which no prior is left out before they are measured.
        dense_pairs: Pairs up to which all are measured, of the priors that the sieve leaves.
        stock_pairs: Pairs up to which ``SparseMaxIoUAssigner`` calls mmdet's own class.
        cost_per_prior: What the sparse engine costs for each prior and
        cost_per_overlap: for each overlapping pair, in units of one pair of the dense engine.
        dense_elements: Elements of a block of the (ground truths x priors) matrix.
        candidates: Candidates in one block of the sparse search.
        runs: Runs of candidates that are held at once.
        bounds: Bounds of (ground truths x groups of priors) that are held at once.
        ranked_pairs: Pairs that a ranking, or ``SparseMaxIoUAssigner`` by a measure without zeros,
            measures at once, at some thirty numbers each.
        bounded_pairs: Pairs up to which a ranking measures all, also by a measure with bounds.
        measured_pairs: Pairs up to which ADLA measures all by a measure with bounds.
        gate_elements: Elements of a block of the gate of the task-aligned assignment.
        forced_choices: Priors in the first list of a ground truth that is to be forced.
    """

    free_waits: bool
    sieved_pairs: int
    dense_pairs: int
    stock_pairs: int
    cost_per_prior: float
    cost_per_overlap: float
    dense_elements: int
    candidates: int
    runs: int
    bounds: int
    ranked_pairs: int
    bounded_pairs: int
    measured_pairs: int
    gate_elements: int
    forced_choices: int


#: Two cores of a Xeon at 2.5 GHz.
CPU = Limits(
    free_waits=True,
    sieved_pairs=2**15,
    dense_pairs=2**18,
    stock_pairs=2**16,
    cost_per_prior=3.0,
    cost_per_overlap=2.5,
    dense_elements=2**23,
    candidates=2**17,
    runs=2**20,
    bounds=2**17,
    ranked_pairs=2**20,
    bounded_pairs=2**22,
    measured_pairs=2**20,
    gate_elements=2**20,
    forced_choices=16,
)
CUDA = Limits(
    free_waits=False,
    sieved_pairs=2**23,
    dense_pairs=2**23,
    stock_pairs=2**16,
    cost_per_prior=20.0,
    cost_per_overlap=10.0,
    dense_elements=2**22,
    candidates=2**22,
    runs=2**22,
    bounds=2**22,
    ranked_pairs=2**21,
    bounded_pairs=2**23,
    measured_pairs=2**23,
    gate_elements=2**26,
    forced_choices=1024,
)


def limits_of(device: torch.device) -> Limits:
    """Return the limits of a device; what is no CPU counts as a GPU."""
    return CPU if device.type == "cpu" else CUDA
