"""Checkpoints that survive a kill, and what a training goes on from."""

import errno
import gc
import signal
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.runner import Runner
from yapf.yapflib import style

from adla.engine import AtomicCheckpointHook
from adla.engine.hooks.atomic_checkpoint_hook import AtomicLocalBackend
from adla.engine.resume import find_sound_checkpoint, is_sound
from adla.folder_lock import FolderInUseError

from ..held_lock import held_elsewhere
from .training import tiny_config, train


def save(folder: Path, epoch: int, keep: float = 1) -> Path:
    """Write a checkpoint of an epoch, of which a share of the bytes is kept; point to it."""
    path = folder / f"epoch_{epoch}.pth"
    torch.save({"state_dict": {"weight": torch.rand(64, 64)}}, path)
    content = path.read_bytes()
    path.write_bytes(content[: int(keep * len(content))])
    (folder / "last_checkpoint").write_text(str(path))
    return path


def test_the_named_checkpoint_is_taken_if_it_is_sound(tmp_path, caplog):
    save(tmp_path, 9)
    named = save(tmp_path, 8)
    assert find_sound_checkpoint(str(tmp_path)) == str(named)
    assert not caplog.records


@pytest.mark.parametrize("keep", [0, 0.3, 0.999])
def test_a_truncated_checkpoint_is_passed_over(tmp_path, keep):
    sound = save(tmp_path, 9)
    cut = save(tmp_path, 10, keep)
    assert is_sound(sound) and not is_sound(cut)
    assert find_sound_checkpoint(str(tmp_path)) == str(sound)


def test_a_changed_byte_is_found(tmp_path):
    path = save(tmp_path, 1)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    assert find_sound_checkpoint(str(tmp_path)) is None


@pytest.mark.parametrize("pointer", ["", "elsewhere/epoch_7.pth", None])
def test_an_empty_wrong_or_missing_pointer(tmp_path, pointer):
    save(tmp_path, 2)
    sound = save(tmp_path, 10)
    if pointer is None:
        (tmp_path / "last_checkpoint").unlink()
    else:
        (tmp_path / "last_checkpoint").write_text(pointer)
    assert find_sound_checkpoint(str(tmp_path)) == str(sound)


def test_an_empty_folder_has_none(tmp_path):
    assert find_sound_checkpoint(str(tmp_path)) is None


def hook_config(scenes: Path, work_dir: Path) -> Config:
    """Return the tiny training with the hook, which keeps one checkpoint."""
    options = {
        "default_hooks.checkpoint.type": "AtomicCheckpointHook",
        "default_hooks.checkpoint.max_keep_ckpts": 1,
        "default_hooks.checkpoint.save_best": "tiny/AP50",
        "train_cfg.val_interval": 1,
    }
    return tiny_config(scenes, work_dir, **options)


@pytest.mark.slow
def test_it_keeps_what_mmengines_hook_keeps(scenes, tmp_path):
    runner = train(hook_config(scenes, tmp_path))
    assert any(type(hook) is AtomicCheckpointHook for hook in runner.hooks)
    names = sorted(path.name for path in tmp_path.glob("*.pth"))
    assert len(names) == 2 and names[0].startswith("best_tiny_AP50_epoch_")
    assert names[1] == "epoch_3.pth"
    assert find_sound_checkpoint(str(tmp_path)) == str(tmp_path / "epoch_3.pth")


@pytest.mark.slow
def test_a_full_disk_leaves_the_checkpoint_before(scenes, tmp_path, monkeypatch):
    written = []
    put = AtomicLocalBackend.put

    def fail_in_the_second(self, obj, filepath):
        written.append(filepath)
        if Path(filepath).name == "epoch_2.pth":
            put(self, obj[: len(obj) // 2], str(filepath) + ".part")
            raise OSError(errno.ENOSPC, "No space left on device")
        put(self, obj, filepath)

    monkeypatch.setattr(AtomicLocalBackend, "put", fail_in_the_second)
    with pytest.raises(OSError, match="No space left"):
        train(hook_config(scenes, tmp_path))
    assert find_sound_checkpoint(str(tmp_path)) == str(tmp_path / "epoch_1.pth")


@pytest.mark.slow
def test_killed_before_the_outdated_is_removed_it_removes_it_later(scenes, tmp_path, monkeypatch):
    unlink = Path.unlink

    def be_killed(path, **options):
        if path.name == "epoch_1.pth":
            raise SystemExit
        unlink(path, **options)

    with monkeypatch.context() as patch, pytest.raises(SystemExit):
        patch.setattr(Path, "unlink", be_killed)
        train(hook_config(scenes, tmp_path))
    gc.collect()  # the runner, which holds the folder
    assert {path.name for path in tmp_path.glob("e*.pth")} == {"epoch_1.pth", "epoch_2.pth"}
    config = hook_config(scenes, tmp_path)
    config.resume = True
    train(config)
    assert [path.name for path in tmp_path.glob("e*.pth")] == ["epoch_3.pth"]


class StopsWhenCopied:
    """A value of the training's record during whose copy, for a checkpoint, Ctrl-C is pressed."""

    def __deepcopy__(self, memo):
        signal.raise_signal(signal.SIGINT)
        return self.__class__()


@pytest.mark.slow
@pytest.mark.usefixtures("heeded_stops")
@pytest.mark.parametrize("where", ["config", "record"])
def test_a_stop_comes_after_the_checkpoint_is_saved(scenes, tmp_path, monkeypatch, where):
    """Both parts of mmengine's saving have a bare except around it."""
    runner = Runner.from_cfg(hook_config(scenes, tmp_path))
    make_style = style.CreateStyleFromConfig

    def stop_while_saving(config):
        if runner.iter:
            signal.raise_signal(signal.SIGINT)
        return make_style(config)

    if where == "config":
        monkeypatch.setattr(style, "CreateStyleFromConfig", stop_while_saving)
    else:
        runner.message_hub.update_info("stop", StopsWhenCopied())
    with pytest.raises(KeyboardInterrupt):
        runner.train()
    assert [path.name for path in tmp_path.glob("*.pth")] == ["epoch_1.pth"]
    assert find_sound_checkpoint(str(tmp_path)) == str(tmp_path / "epoch_1.pth")


def test_the_best_before_is_removed_last(tmp_path):
    backend, old = AtomicLocalBackend(), tmp_path / "best_1.pth"
    old.touch()
    with pytest.raises(OSError, match="full"), backend.removing_last():
        backend.remove(old)
        raise OSError("full")
    assert old.exists()
    with backend.removing_last():
        backend.remove(old)
        backend.put(b"new", tmp_path / "best_2.pth")
        assert old.exists()
    assert [path.name for path in tmp_path.iterdir()] == ["best_2.pth"]
    backend.remove(tmp_path / "best_2.pth")
    assert not list(tmp_path.iterdir())


def test_another_storage_keeps_mmengines_hook():
    hook = AtomicCheckpointHook(interval=1, backend_args=dict(backend="local"))
    assert not hook.is_local and hook.backend_args == dict(backend="local")
    assert not AtomicCheckpointHook(interval=1, out_dir="s3://bucket/runs").is_local
    assert AtomicCheckpointHook(interval=1, out_dir="work_dirs/runs").is_local


def test_two_trainings_of_one_folder_are_refused(scenes, tmp_path):
    with (
        held_elsewhere(tmp_path / ".training.lock"),
        pytest.raises(FolderInUseError, match="another process"),
    ):
        train(hook_config(scenes, tmp_path))
    assert not list(tmp_path.glob("*.pth"))
