"""The models that come along, and what a model of one's own in their place does."""

from pathlib import Path

import pytest
import torch

from adla import zoo
from adla.config_file import build_model
from adla.inference.detector import stored_config
from adla.models.checkpoints import check_weights

ROOT = Path(__file__).resolve().parents[1]
CARDS = ROOT / "docs/models"
HEADINGS = ("## Data", "## Recipe", "## Results", "## Speed", "## What it cannot do")


def save(folder, name, about):
    meta = {"about": about, "dataset_meta": {"classes": ("car", "ship")}}
    torch.save({"state_dict": {}, "meta": meta}, folder / f"{name}.pth")


def test_models_are_listed_and_found_by_name(tmp_path):
    save(tmp_path, "b-n", "")
    save(tmp_path, "a-nano", "mine")
    assert zoo.list_models(tmp_path) == {"a-nano": "car, ship; mine", "b-n": "car, ship"}
    assert zoo.find_model("b-n", tmp_path) == tmp_path / "b-n.pth"


@pytest.mark.parametrize("name", ["", "a", "../a-nano", "a-nano.pth"])
def test_an_unknown_name_lists_those_that_are_there(tmp_path, name):
    save(tmp_path, "a-nano", "mine")
    with pytest.raises(ValueError, match="these come with adla:\n  a-nano  car, ship; mine"):
        zoo.find_model(name, tmp_path)


def test_no_model_at_all_is_said(tmp_path):
    with pytest.raises(ValueError, match="no model comes with this version"):
        zoo.find_model("a", tmp_path)


def test_a_file_beside_its_card_and_no_card_without_a_file():
    cards = {card.stem for card in CARDS.glob("*.md")} - {"README"}
    assert set(zoo.list_models()) == cards


# All that the folder holds: none as long as it holds none.
@pytest.mark.parametrize("name", list(zoo.list_models()))
def test_a_model_that_comes_along(name):
    file = zoo.find_model(name)
    assert file.stat().st_size <= zoo.MAX_BYTES
    content = torch.load(file, weights_only=True)
    assert set(content) == {"state_dict", "meta"} and content["meta"]["about"]
    floats = [v for v in content["state_dict"].values() if v.is_floating_point()]
    assert {value.dtype for value in floats} == {torch.float16}
    model = build_model(stored_config(file))
    assert check_weights(model, content["state_dict"], file, "it") == []
    assert list((ROOT / "configs").rglob(f"{content['meta']['config']}.py"))
    card = (CARDS / f"{name}.md").read_text()
    assert [line for line in card.splitlines() if line.startswith("## ")] == list(HEADINGS)
    assert content["meta"]["config_digest"] in card
