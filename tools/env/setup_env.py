"""Build the environment adla runs in, or resume where an earlier call was interrupted.

Only the standard library is used: this runs under the Python that makes the environment. The
steps that are done are listed in ``VENV/.adla/state.json``; the environment counts as ready once
the last step, which imports and runs the whole stack, is among them.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import checks
import pins as pinned
from logged import count_objects, run_logged

# pip is right that these are not installed: see the head of requirements/constraints.txt.
LEFT_OUT = ("opencv-python", "imagecorruptions-imaug")
BUILD_TOOLS = ("pip", "setuptools", "wheel", "ninja", "packaging")


def count_jobs(gb_per_job: float = 1.0) -> int:
    """Say how many compilers the cores and the memory allow at the same time."""
    memory_gb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    return max(1, min(len(os.sched_getaffinity(0)), int(memory_gb / gb_per_job)))


class Setup:
    """The steps from nothing to a checked environment.

    Args:
        venv: Folder of the environment.
        stack: 'onedl' or 'openmmlab'.
    """

    def __init__(self, venv: Path, stack: str) -> None:
        self.venv = venv
        self.python = venv / "bin" / "python"
        self.version = self._read_version()
        self.pins = pinned.read_pins(stack, self.version)
        self.key = pinned.compute_key(self.pins, self.version)
        self.folder = venv / ".adla"
        self.state_file = self.folder / "state.json"
        self.stack = stack
        self.mmcv = "mmcv" if stack == "openmmlab" else "onedl-mmcv"

    def run(self) -> None:
        """Do what is missing; a ready environment costs a look at its installed versions."""
        installed = pinned.read_installed(self.venv)
        checks.check_families(installed, self.stack, pinned.read_families())
        done = self._read_done()
        drift = checks.find_drift(installed, self.pins)
        if "verify" in done and not drift:
            print(f"environment ready: {self.venv}")
            return
        if "verify" in done:
            print(f"environment changed ({'; '.join(drift[:3])}): setting it right")
            done = []
        self._check_machine(installed)
        steps = ["venv", "build_tools", "torch", "libraries", "mmcv_ops", "adla", "verify"]
        for number, step in enumerate(steps, 1):
            if step not in done:
                getattr(self, f"_step_{step}")(f"[{number}/{len(steps)}] {step}")
                done.append(step)
                self._write_done(done)
        print(f"environment ready: {self.venv}")

    def _check_machine(self, installed: dict[str, str]) -> None:
        if self.version != sys.version_info[:2]:
            raise checks.SetupError(
                f"{self.venv} was made with Python {self.version[0]}.{self.version[1]}, not with "
                f"{sys.executable}: name that Python by PYTHON=, or another folder by VENV="
            )
        checks.check_python_parts()
        checks.check_compiler()
        if "torch" not in installed:
            checks.check_disk(self.venv)

    def _read_version(self) -> tuple[int, int]:
        config = self.venv / "pyvenv.cfg"
        if not config.is_file():
            return sys.version_info[:2]
        values = dict(
            line.replace(" ", "").split("=", 1)
            for line in config.read_text().splitlines()
            if "=" in line
        )
        major, minor = values["version"].split(".")[:2]
        return int(major), int(minor)

    def _read_done(self) -> list[str]:
        try:
            state = json.loads(self.state_file.read_text())
        except (FileNotFoundError, json.JSONDecodeError):
            return []
        return state["done"] if state["key"] == self.key else []

    def _write_done(self, done: list[str]) -> None:
        self.folder.mkdir(exist_ok=True)
        part = self.state_file.with_suffix(".part")
        part.write_text(json.dumps({"key": self.key, "done": done}))
        part.replace(self.state_file)

    def _run(self, title: str, command: list[str], **options) -> None:
        log = self.folder / f"{title.split()[1]}.log"
        run_logged(title, [str(part) for part in command], log, **options)

    def _pip(self, title: str, *args: str, **options) -> None:
        command = [self.python, "-m", "pip", "--disable-pip-version-check", "--no-input", "install"]
        self._run(title, [*command, *args], **options)

    def _pin(self, name: str) -> str:
        return f"{name}=={self.pins[name]}"

    def _write_lock(self) -> Path:
        lock = self.folder / "lock.txt"
        names = [name for name in self.pins if name not in ("torch", self.mmcv)]
        lock.write_text("".join(f"{self._pin(name)}\n" for name in names))
        return lock

    def _step_venv(self, title: str) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        pip_works = [str(self.python), "-m", "pip", "--version"]
        if not self.python.exists() or subprocess.run(pip_works, capture_output=True).returncode:
            self._run(title, [sys.executable, "-m", "venv", self.venv])

    def _step_build_tools(self, title: str) -> None:
        self._pip(title, "--no-deps", *(self._pin(name) for name in BUILD_TOOLS))

    def _step_torch(self, title: str) -> None:
        self._pip(title, "--constraint", self._write_lock(), self._pin("torch"))

    def _step_libraries(self, title: str) -> None:
        installed = pinned.read_installed(self.venv)
        gui = [name for name in checks.GUI_OPENCV if name in installed]
        if gui:  # it shares its files with the headless build: remove both, then put one back
            remove = [*gui, "opencv-python-headless"]
            self._run(title, [self.python, "-m", "pip", "uninstall", "--yes", *remove])
        self._pip(title, "--no-deps", "--requirement", self._write_lock())

    def _step_mmcv_ops(self, title: str) -> None:
        # Without debug symbols the compilation takes half the time.
        env = {"MMCV_WITH_OPS": "1", "CFLAGS": f"{os.environ.get('CFLAGS', '')} -g0"}
        env["MAX_JOBS"] = os.environ.get("MAX_JOBS") or str(count_jobs())
        if shutil.which("nvcc") is None:
            print("no nvcc: mmcv's ops are built for the CPU only, prediction on a GPU needs nvcc")
            env["CUDA_VISIBLE_DEVICES"] = ""
        print(
            f"compiling mmcv's ops, {env['MAX_JOBS']} files at a time: about 10 minutes on two "
            "free cores, once; pip keeps the result"
        )
        args = ["--no-build-isolation", "--no-deps", "--verbose", self._pin(self.mmcv)]
        self._pip(title, *args, describe=count_objects, env=env)
        check = [self.python, pinned.ENV_DIR / "verify.py", "--ops"]
        try:
            self._run(f"{title} check", check)
        except checks.SetupError:
            print("the ops that pip had kept do not fit here: compiling them anew")
            args += ["--no-cache-dir", "--force-reinstall"]
            self._pip(title, *args, describe=count_objects, env=env)
            self._run(f"{title} check", check)

    def _step_adla(self, title: str) -> None:
        args = ["--no-deps", "--no-build-isolation", "--editable", str(pinned.ROOT)]
        self._pip(title, *args)

    def _step_verify(self, title: str) -> None:
        left_out = [part for name in LEFT_OUT for part in ("--left-out", name)]
        self._run(title, [self.python, pinned.ENV_DIR / "verify.py", *left_out])


def main() -> None:
    """Parse the arguments, keep a second set-up of the same folder out, and run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--venv", type=Path, default=Path(".venv"), help="folder to build it in")
    parser.add_argument("--stack", choices=("onedl", "openmmlab"), default="onedl")
    args = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    venv = args.venv.absolute()
    try:
        checks.check_python(sys.version_info[:2])
        venv.mkdir(parents=True, exist_ok=True)
        with (venv / ".adla-lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            Setup(venv, args.stack).run()
    except checks.SetupError as error:
        sys.exit(f"adla set-up: {error}")
    except KeyboardInterrupt:
        sys.exit("adla set-up: interrupted; the next call resumes here")


if __name__ == "__main__":
    main()
