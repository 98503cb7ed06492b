"""Findings as tables of one page."""

from collections.abc import Sequence

from rich import box
from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from adla.core import SIZE_BINS

from .inspection import Inspection
from .matching import Matching
from .network_view import View
from .object_sizes import Sizes
from .published import Comparison

MAX_CLASSES = 20
_EXAMPLES = 3
_COLORS = {"error": "bold red", "warning": "yellow", "note": "cyan"}


def facts_table(inspections: Sequence[Inspection]) -> Table:
    """Return the facts, a column per dataset."""
    table = _table("")
    for inspection in inspections:
        table.add_column(inspection.name, overflow="fold")
    columns = [_facts(inspection) for inspection in inspections]
    for key in dict.fromkeys(key for column in columns for key in column):
        table.add_row(key, *(escape(column.get(key, "")) for column in columns))
    return table


def _facts(inspection: Inspection) -> dict[str, str]:
    """Return the facts of one dataset, in the order of the page."""
    sizes, images = inspection.sizes, inspection.num_images
    mean = f"{sizes.count / images:.2f} in the mean, " if images else ""
    facts = {
        "annotations": str(inspection.source.ann_file),
        "images": str(inspection.source.image_dir),
        "dataset class": type(inspection.source.dataset).__name__,
        "number of images": f"{images:,}",
        "  without object": share(inspection.num_empty, images),
        "number of objects": f"{sizes.count:,}",
        "  per image": f"{mean}{inspection.most_objects} at most",
        "size, px": _spread(sizes),
        "  S (Eq. 6), px": f"{sizes.scale:.3f}" if sizes.count else "no object",
    }
    facts |= {
        f"  {bin_range(name)}": share(count, sizes.count) for name, count in sizes.bins.items()
    }
    view = inspection.view
    if view is not None:
        facts["network input, px"] = f"{view.input[0]} x {view.input[1]}"
        facts["  size there, px"] = _spread(view.sizes)
        facts["  S there, px"] = f"{view.sizes.scale:.3f}" if sizes.count else "no object"
        facts |= _matching_facts(view, inspection)
    return facts


def _matching_facts(view: View, inspection: Inspection) -> dict[str, str]:
    """Return what the priors see, and, for a training, what the pairs weigh."""
    if view.matching is None:
        return {}
    facts = {
        "can get a positive": share(view.matching.matched, view.sizes.count),
        "  which takes": view.matching.criterion,
    }
    if "train" in inspection.source.splits:
        facts["memory of all pairs"] = (
            f"about {view.memory:.2g} GB: {view.num_priors:,} priors, {view.most_objects} objects"
        )
    return facts


def class_table(inspections: Sequence[Inspection]) -> Table | None:
    """Return the objects of each class, or None where there is only one."""
    names = list(dict.fromkeys(name for one in inspections for name in one.class_counts))
    if len(names) < 2:
        return None
    table = _table("objects of class")
    for inspection in inspections:
        table.add_column(inspection.name, justify="right")
    for name in names[:MAX_CLASSES]:
        counts = [str(one.class_counts.get(name, "-")) for one in inspections]
        table.add_row(escape(name), *counts)
    if len(names) > MAX_CLASSES:
        table.caption = f"and {len(names) - MAX_CLASSES} more, see --json"
    return table


def problem_list(inspections: Sequence[Inspection]) -> RenderableType:
    """Return all kinds of problems, the worst first, each with its first places."""
    found = [(problem, one.name) for one in inspections for problem in one.problems]
    lines: list[Text] = []
    for problem, name in sorted(found, key=lambda pair: list(_COLORS).index(pair[0].level)):
        lines.append(
            Text.assemble(
                (f"{problem.level:<8}", _COLORS[problem.level]),
                (f"{name}: {len(problem.items):,} x {problem.kind}", "bold"),
                f": {problem.meaning}",
            )
        )
        lines += [Text(f"          {item.splitlines()[0]}") for item in problem.items[:_EXAMPLES]]
        if len(problem.items) > _EXAMPLES:
            more = len(problem.items) - _EXAMPLES
            lines.append(Text(f"          and {more:,} more, all in --json", style="dim"))
    return Group(*lines)


def published_list(comparisons: Sequence[Comparison]) -> RenderableType:
    """Return what is as published, and what is not."""
    lines = [
        Text.assemble((f"{word:<8}", style), text)
        for comparison in comparisons
        for word, style, texts in (
            ("same", "green", comparison.equal),
            ("differs", "yellow", comparison.different),
        )
        for text in texts
    ]
    return Group(*lines)


def anchor_lines(inspections: Sequence[Inspection]) -> RenderableType:
    """Return the anchors that fit the objects of the training, and how well they do."""
    lines = []
    for inspection in inspections:
        proposal = inspection.view.anchors if inspection.view else None
        if proposal is None or "train" not in inspection.source.splits:
            continue
        count = inspection.sizes.count
        now = "" if proposal.misfits_now is None else f", now {share(proposal.misfits_now, count)}"
        lines.append(
            Text.assemble(
                (f"{'anchors':<8}", "cyan"),
                f"{proposal.sentence()} {share(proposal.misfits, count)} of the objects{now}",
            )
        )
    return Group(*lines)


def size_table(original: Sizes, view: View | None) -> Table:
    """Return sizes, percentiles and S, in original and in network pixels."""
    table = _table("size sqrt(w * h), px")
    table.add_column("original", justify="right")
    both = [original]
    if view is not None:
        table.add_column("network", justify="right")
        both.append(view.sizes)
    table.add_row("S, sqrt of the mean area", *(f"[bold]{s.scale:.3f}[/]" for s in both))
    table.add_row("mean", *(f"{s.mean:.2f}" for s in both))
    for point in original.percentiles:
        name = {0: "smallest", 50: "median", 100: "largest"}.get(point, f"{point} % are below")
        table.add_row(name, *(f"{s.percentiles[point]:.2f}" for s in both))
    for name in original.bins:
        table.add_row(bin_range(name), *(share(s.bins[name], s.count) for s in both))
    return table


def matching_table(matching: Matching, total: int) -> Table:
    """Return what the priors miss, with shares of `total` objects."""
    table = _table("of the objects")
    table.add_column("", justify="right")
    for stride, count in matching.no_point.items():
        table.add_row(f"contain no grid point of stride {stride}", share(count, total))
    if len(matching.no_point) > 1:
        table.add_row("contain no grid point at all", share(matching.no_point_at_all, total))
    if matching.iou_median is not None:
        table.add_row("median IoU with the best anchor", f"{matching.iou_median:.3f}")
        rows: dict[str, int | None] = {
            f"best anchor below pos_iou_thr {matching.pos_iou_thr}": matching.below_pos_iou_thr,
            f"best anchor not above T_pmin {matching.t_pos_min:g}": matching.not_above_t_pos_min,
            f"  and below {matching.t_lift:.4f}: no prediction lifts it": matching.below_t_lift,
        }
        for name, number in rows.items():
            if number is not None:
                table.add_row(name, share(number, total))
    table.add_row("can get a positive", share(matching.matched, total))
    return table


def bin_range(name: str) -> str:
    """Return a size bin with its bounds as sides in pixels."""
    lower, upper = (bound**0.5 for bound in SIZE_BINS[name])
    return f"{name:<2} over {lower:g} px" if upper > 1e4 else f"{name:<2} {lower:g} to {upper:g} px"


def share(count: int, total: int) -> str:
    """Return a count with its share."""
    return f"{count:,} ({count / total:.1%})" if total else f"{count:,}"


def _spread(sizes: Sizes) -> str:
    """Return median and range of sizes."""
    if not sizes.count:
        return "no object"
    points = sizes.percentiles
    return f"median {points[50]:.1f}, 5 to 95 %: {points[5]:.1f} to {points[95]:.1f}"


def _table(first: str) -> Table:
    """Return an empty table with its first column."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column(first, no_wrap=True)
    return table
