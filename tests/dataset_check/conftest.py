import pytest
from mmengine.registry import DefaultScope

from tests.datasets.conftest import sirst_v2_root  # noqa: F401


@pytest.fixture(autouse=True, scope="package")
def mmdet_scope():
    """Build datasets, heads and transforms as a runner does."""
    with DefaultScope.overwrite_default_scope("mmdet"):
        yield
