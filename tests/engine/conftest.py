"""Scenes to train on."""

import pytest

from adla.datasets.synthetic import write_scenes


@pytest.fixture(scope="session")
def scenes(tmp_path_factory):
    """Root of 8 training and 2 validation scenes of 64 px."""
    root = tmp_path_factory.mktemp("scenes") / "set"
    write_scenes(root, num_train=8, num_val=2, size=64, seed=1)
    return root
