import logging
from types import SimpleNamespace

import pytest
from mmdet.registry import HOOKS
from mmengine.hooks import LoggerHook
from mmengine.logging import MMLogger
from mmengine.runner import get_priority

from adla.engine.hooks.metric_table_hook import MetricTableHook, render_metrics


def rows(text: str) -> list[list[str]]:
    lines = [line for line in text.splitlines() if line.startswith("│")]
    return [[cell.strip() for cell in line.strip("│").split("│")] for line in lines]


def test_a_row_per_metric_in_the_given_order():
    metrics = {"tiny/AP": 0.21347, "tiny/AP_vt": -1.0, "tiny/AR@100": float("nan"), "note": "x"}

    assert rows(render_metrics(metrics)) == [
        ["tiny/AP", "0.2135"],
        ["tiny/AP_vt", "none to measure"],
        ["tiny/AR@100", "none to measure"],
        ["note", "x"],
    ]


def test_a_rule_separates_prefixes():
    one = render_metrics({"tiny/AP": 0.1, "tiny/AP50": 0.2})
    two = render_metrics({"tiny/AP": 0.1, "coco/bbox_mAP": 0.2})

    assert "├" not in one
    assert two.count("├") == 1


@pytest.fixture
def logged(caplog):
    logger = MMLogger.get_instance("metric_table_hook")
    logger.addHandler(caplog.handler)
    caplog.set_level(logging.INFO)
    yield SimpleNamespace(logger=logger), caplog
    logger.removeHandler(caplog.handler)


def test_the_table_goes_to_the_log(logged):
    runner, caplog = logged
    hook = HOOKS.build(dict(type="MetricTableHook"))

    hook.after_test_epoch(runner, {"tiny/AP": 0.5})

    assert ["tiny/AP", "0.5000"] in rows(caplog.text)


@pytest.mark.parametrize("metrics", [None, {}])
def test_a_test_without_metrics_logs_nothing(logged, metrics):
    runner, caplog = logged

    MetricTableHook().after_test_epoch(runner, metrics)

    assert caplog.records == []


def test_it_speaks_after_the_logger_hook():
    assert get_priority(MetricTableHook.priority) > get_priority(LoggerHook.priority)
