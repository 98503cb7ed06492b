"""Checkpoints that a kill or a full disk cannot damage."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

from mmdet.registry import HOOKS
from mmengine.dist import is_main_process
from mmengine.fileio import LocalBackend
from mmengine.fileio.backends import register_backend
from mmengine.hooks import CheckpointHook
from mmengine.runner import Runner

from adla.atomic_files import atomic_file
from adla.folder_lock import lock_file
from adla.stop_signals import stops_held


@register_backend("adla_atomic")
class AtomicLocalBackend(LocalBackend):
    """Local files that take their names once they are complete and on the disk."""

    outdated: list[str | Path] | None = None

    def put(self, obj: bytes | memoryview, filepath: str | Path) -> None:
        """Write a file."""
        with atomic_file(filepath, "wb", durable=True) as file:
            file.write(obj)

    def remove(self, filepath: str | Path) -> None:
        """Remove a file, within `removing_last` at its end."""
        if self.outdated is None:
            super().remove(filepath)
        else:
            self.outdated.append(filepath)

    @contextmanager
    def removing_last(self) -> Iterator[None]:
        """Remove nothing until the block has ended without an error."""
        self.outdated = []
        try:
            yield
            for filepath in self.outdated:
                super().remove(filepath)
        finally:
            self.outdated = None


@HOOKS.register_module()
class AtomicCheckpointHook(CheckpointHook):
    """mmengine's ``CheckpointHook`` in an order that always leaves a sound checkpoint.

    A checkpoint takes its name once it is complete, ``last_checkpoint`` names it then, and only
    after that an outdated one is removed. mmengine removes first and writes in place. It takes the
    arguments of ``CheckpointHook``; with ``backend_args`` of another storage it is that hook.
    Ctrl-C and SIGTERM wait until a checkpoint is saved: mmengine's saving would drop some.
    A second training in the same work folder is refused, as the two would mix their checkpoints.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        remote = "://" in str(self.out_dir or "")
        self.is_local = not remote and self.backend_args is None and self.file_client_args is None
        if self.is_local:
            self.backend_args = dict(backend="adla_atomic")

    def before_train(self, runner: Runner) -> None:
        """Hold the work folder.

        Raises:
            FolderInUseError: If another training holds it.
        """
        if is_main_process():
            self.lock = lock_file(Path(runner.work_dir) / ".training.lock")
        super().before_train(runner)

    def after_train(self, runner: Runner) -> None:
        """Free the work folder."""
        super().after_train(runner)
        if is_main_process():
            self.lock.close()

    def _save_best_checkpoint(self, runner: Runner, metrics: dict) -> None:
        """Save the best checkpoint, then remove the one that was the best before."""
        last = self.file_backend.removing_last() if self.is_local else nullcontext()
        with stops_held(), last:
            super()._save_best_checkpoint(runner, metrics)

    def _save_checkpoint_with_step(self, runner: Runner, step: int, meta: dict) -> None:
        """Save a checkpoint, then remove the one that is too many."""
        with stops_held():
            if self.is_local:
                self._save_then_remove(runner, step, meta)
            else:
                super()._save_checkpoint_with_step(runner, step, meta)

    def _save_then_remove(self, runner: Runner, step: int, meta: dict) -> None:
        """Do so with local files."""
        outdated = self._count(runner, step)
        name = self.filename_tmpl.format(step)
        self.last_ckpt = self.file_backend.join_path(self.out_dir, name)
        runner.message_hub.update_info("last_ckpt", self.last_ckpt)
        runner.save_checkpoint(
            self.out_dir,
            name,
            save_optimizer=self.save_optimizer,
            save_param_scheduler=self.save_param_scheduler,
            meta=meta,
            by_epoch=self.by_epoch,
            backend_args=self.backend_args,
            **self.args,
        )
        if is_main_process():
            with atomic_file(Path(runner.work_dir) / "last_checkpoint") as file:
                file.write(self.last_ckpt)
            if outdated is not None:
                (Path(self.out_dir) / self.filename_tmpl.format(outdated)).unlink(missing_ok=True)

    def _count(self, runner: Runner, step: int) -> int | None:
        """Note a step among those that are kept; return the one that is too many.

        The checkpoint still counts that one, so that a training that was killed before it was
        removed removes it when it resumes.
        """
        if self.max_keep_ckpts <= 0 or (self.keep_ckpt_ids and self.keep_ckpt_ids[-1] == step):
            return None
        kept = [*self.keep_ckpt_ids, step]
        runner.message_hub.update_info("keep_ckpt_ids", kept)
        self.keep_ckpt_ids.append(step)  # drops the first where it is full
        return kept[0] if len(kept) > self.max_keep_ckpts else None
