"""Configs: read, changed, refused with one message."""

import pytest
from mmengine.registry import DefaultScope

from adla.config_file import load_config


def test_a_config_that_is_none_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"config file .*no\.py is not there"):
        load_config(tmp_path / "no.py")
    (tmp_path / "bad.py").write_text("a = (")
    with pytest.raises(ValueError, match=r"bad\.py is not a config: SyntaxError"):
        load_config(tmp_path / "bad.py")


def test_options_change_a_config(tmp_path):
    (tmp_path / "a.py").write_text("a = dict(b=1)")
    assert load_config(tmp_path / "a.py", {"a.b": 2}).a.b == 2


def test_an_option_that_does_not_fit_is_named(tmp_path):
    (tmp_path / "a.py").write_text("a = [1]")
    with pytest.raises(ValueError, match=r"the option a\.5=2 does not fit .*a\.py"):
        load_config(tmp_path / "a.py", {"a.5": 2})


@pytest.mark.parametrize(("text", "scope"), [("a = 1", "mmdet"), ("default_scope = 'x'", "x")])
def test_the_scope_of_the_config_is_entered(tmp_path, text, scope):
    (tmp_path / "a.py").write_text(text)
    with DefaultScope.overwrite_default_scope("mmengine"):
        load_config(tmp_path / "a.py")
        assert DefaultScope.get_current_instance().scope_name == scope
    load_config(tmp_path / "a.py", {"default_scope": "mmdet"})
