"""Any json value at any place of a sound json document."""

import copy
import math
from typing import Any

from hypothesis import strategies as st

#: Values that readers have stumbled over, which are drawn more often than by chance.
AWKWARD = (
    None, True, False, 0, 1, -1, 2, 2**53, -(2**63), 2**64, 10**400, 0.5, -0.0, 1e308, -1e308,
    1e-5, math.nan, math.inf, -math.inf, "", "0", "1", "ship", "a.png", "\ud800", "\0", "../a.png",
    "ü" * 300, [], [[]], [None], [0, 0, 4], [0, 0, 4, 4], [0, 0, 0, 0], [0, 0, "4", 4],
    [1e9, 0, 1e-9, 1], {},
    {"id": 1}, {"id": None}, {"": {}}, [{}], [{"id": 1, "name": "ship"}], [{"id": []}],
)  # fmt: skip

_scalars = st.one_of(
    st.sampled_from(AWKWARD), st.integers(), st.floats(), st.text(max_size=5), st.booleans()
)
#: Any json value.
values = st.one_of(
    st.sampled_from(AWKWARD),
    st.recursive(
        _scalars,
        lambda inner: st.one_of(
            st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=4), inner, max_size=3)
        ),
        max_leaves=6,
    ),
)


def places(document: Any, at: tuple = ()) -> list[tuple]:
    """List the paths of a document, its root among them."""
    pairs: list = []
    if isinstance(document, dict):
        pairs = list(document.items())
    elif isinstance(document, list):
        pairs = list(enumerate(document))
    return [at, *(path for key, value in pairs for path in places(value, (*at, key)))]


def put(document: Any, path: tuple, value: Any) -> Any:
    """Return the document with a value at a path."""
    if not path:
        return value
    document = copy.deepcopy(document)
    place = document
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return document


def remove(document: Any, path: tuple) -> Any:
    """Return the document without what is at a path; the root becomes null."""
    if not path:
        return None
    document = copy.deepcopy(document)
    place = document
    for key in path[:-1]:
        place = place[key]
    del place[path[-1]]
    return document


@st.composite
def damaged(draw: st.DrawFn, document: Any) -> Any:
    """Draw a document in which one to three places are missing or hold any value."""
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(places(document)))
        if draw(st.integers(0, 4)):
            document = put(document, path, draw(values))
        else:
            document = remove(document, path)
    return document
