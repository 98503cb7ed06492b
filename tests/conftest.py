"""Settings that all tests share."""

import contextlib
import signal
from collections.abc import Callable, Iterator

import pytest
import torch
from mmengine.logging import MMLogger

from adla.cli.commands import run

with contextlib.suppress(ImportError):  # a GPU machine may lack it, and runs other tests
    from hypothesis import HealthCheck, settings

    # How long an example takes says how busy the machine is. The same examples in each run, so that
    # none fails a change that has nothing to do with it; --hypothesis-profile=random draws others.
    quiet = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.register_profile("random", quiet)
    settings.register_profile("adla", quiet, derandomize=True)
    settings.load_profile("adla")


def pytest_configure(config: pytest.Config) -> None:
    torch.set_num_threads(1)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if torch.cuda.is_available():
        return
    skip = pytest.mark.skip(reason="needs a CUDA device")
    for item in items:
        if "gpu" in item.keywords:
            item.add_marker(skip)


@pytest.fixture
def adla_command(
    capsys: pytest.CaptureFixture,
) -> Iterator[Callable[..., tuple[int, str, str]]]:
    """Run a command of ``adla`` in this process: exit code, stdout, stderr."""
    logger = MMLogger.get_current_instance()
    level = logger.level

    def call(*words: object) -> tuple[int, str, str]:
        capsys.readouterr()
        try:
            code = run([str(word) for word in words])
        except SystemExit as end:
            code = end.code
        return code, *capsys.readouterr()

    yield call
    logger.setLevel(level)  # some commands change it


@pytest.fixture(autouse=True)
def seeded() -> None:
    """Have each test draw the same numbers, whatever ran before it."""
    torch.manual_seed(0)


@pytest.fixture
def heeded_stops() -> Iterator[None]:
    """Have Ctrl-C and SIGTERM raise KeyboardInterrupt, as while a command runs."""
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, signal.default_int_handler) for number in numbers]
    yield
    for number, handler in zip(numbers, before, strict=True):
        signal.signal(number, handler)
