"""Any json value at any place of an annotation or result file: a result or one message."""

import json
import warnings

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adla.dataset_check.annotations import read_records
from adla.evaluation.result_files import load_detections, load_ground_truth
from adla.evaluation.tiny_evaluation import TinyEvaluation

from ..fuzz.json_places import damaged
from ..fuzz.sound_json import DT, GT, WRAPPED


def evaluate(folder, gt, dt):
    """Evaluate as ``adla eval`` does; return the numbers or the message."""
    (folder / "gt.json").write_text(json.dumps(gt))
    (folder / "dt.json").write_text(json.dumps(dt))
    try:
        dataset, truth, _ = load_ground_truth(folder / "gt.json")
        found, _ = load_detections(folder / "dt.json", dataset, truth)
        return TinyEvaluation(truth, found).summarize()
    except ValueError as error:
        return str(error)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("any")


def check(result, *names):
    if isinstance(result, dict):
        assert all(-1 <= value <= 1 for value in result.values()), result
    else:
        assert any(name in result for name in names), result


@settings(max_examples=150)
@given(gt=damaged(GT))
def test_annotations(folder, gt):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check(evaluate(folder, gt, DT), "gt.json", "dt.json")
        try:
            records = read_records(folder / "gt.json")
        except ValueError as error:
            assert "gt.json" in str(error)
        else:
            records.usable()


@settings(max_examples=150)
@given(dt=st.one_of(damaged(DT), damaged(WRAPPED)))
def test_detections(folder, dt):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check(evaluate(folder, GT, dt), "dt.json")


@pytest.mark.parametrize("categories", [None, 7, "ship", [None], [7], [{"id": []}], {"id": 2}])
def test_categories_of_a_result_file_that_are_none(folder, categories):
    message = evaluate(folder, GT, {**WRAPPED, "categories": categories})
    assert isinstance(message, str) and "dt.json" in message and "categories" in message


def test_a_wrapped_result_without_categories_is_read(folder):
    assert isinstance(evaluate(folder, GT, {"annotations": DT}), dict)
