"""Build the environment adla runs in, or resume where an earlier call was interrupted.

Only the standard library is used: this runs under the Python that makes the environment. The
environment counts as ready when ``VENV/.adla-ready``, written after the last step, has the key of
what the environment depends on and every recorded file of every package is there.
"""

from __future__ import annotations

import argparse
import csv
import fcntl
import hashlib
import importlib.util
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

from checks import (
    ROOT,
    STACKS,
    SetupError,
    check_disk,
    check_families,
    check_folder,
    check_python,
)

ENV_DIR = Path(__file__).resolve().parent
OPENCV = ("opencv_python", "opencv_contrib_python", "opencv_python_headless")


def list_infos(venv: Path) -> list[Path]:
    """List the folders with the metadata of what is installed, ``NAME-VERSION.dist-info``."""
    return sorted(venv.glob("lib/python*/site-packages/*.dist-info"))


def is_broken(info: Path) -> bool:
    """Tell whether a distribution lacks a file that its record names; pip writes that last."""
    record = info / "RECORD"
    if not record.is_file():
        return True
    with record.open(newline="", encoding="utf-8") as lines:
        names = [row[0] for row in csv.reader(lines) if row]
    return not all((info.parent / name).exists() for name in names if not name.endswith(".pyc"))


def compute_key(venv: Path, stack: str) -> str:
    """Hash what the environment depends on and what is installed in it."""
    digest = hashlib.sha256(repr((stack, str(ROOT), str(venv))).encode())
    files = [ROOT / "pyproject.toml", ROOT / "adla" / "version.py"]
    files += [*sorted(ENV_DIR.glob("*.py")), *sorted((ROOT / "requirements").glob("*.txt"))]
    for path in files:
        digest.update(path.read_bytes())
    digest.update(repr([info.name for info in list_infos(venv)]).encode())
    return digest.hexdigest()


class Setup:
    """The steps from nothing to a checked environment, in a folder that exists.

    Every command inherits the open file ``lock``, so that no second set-up starts beside it.
    """

    def __init__(self, venv: Path, stack: str, lock: int) -> None:
        self.venv = venv
        self.stack = stack
        self.lock = lock
        self.ready = venv / ".adla-ready"
        self.python = venv / "bin" / "python"

    def run(self) -> None:
        """Do what is missing; a ready environment costs a look at its files."""
        infos = list_infos(self.venv)
        installed = {info.name.split("-")[0].lower() for info in infos}
        check_families(installed, self.stack)
        broken = [info for info in infos if is_broken(info)]
        key = self.ready.read_text() if self.ready.is_file() else ""
        if broken or key != compute_key(self.venv, self.stack):
            self.ready.unlink(missing_ok=True)
            check_folder(self.venv)
            check_python(sys.version_info[:2], importlib.util.find_spec("ensurepip") is not None)
            if "torch" not in installed:
                check_disk(self.venv)
            for info in broken:  # without its metadata pip installs it anew
                shutil.rmtree(info)
            self._make_venv()
            self._install_packages(installed)
            self._pip("install", "--quiet", "--no-deps", "--no-build-isolation", "--editable", ROOT)
            self._run(self.python, ENV_DIR / "verify.py")
            self.ready.write_text(compute_key(self.venv, self.stack))
        print(f"environment ready: {self.venv}")

    def _make_venv(self) -> None:
        if self._has_pip():
            return
        print(f"making the venv {self.venv}", flush=True)
        command = [sys.executable, "-m", "venv", str(self.venv)]
        result = subprocess.run(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        if result.returncode or not self._has_pip():
            reason = (result.stdout.strip() or "its Python does not run").splitlines()[-1]
            raise SetupError(f"cannot make a venv in {self.venv}: {reason}; remove that folder")

    def _install_packages(self, installed: set[str]) -> None:
        gui = [name for name in OPENCV[:2] if name in installed]
        if gui:  # it shares its files with the headless build: remove both, then put one back
            self._pip("uninstall", "--yes", *OPENCV)
        compiled = self._find_compiled()
        print("installing the packages: 3 GB, some minutes", flush=True)
        pins = ROOT / "requirements" / f"{self.stack}.txt"
        self._pip("install", "--no-deps", "--requirement", pins)
        if self._find_compiled() and not compiled:
            print("pip's cache had a compiled mmcv, of unknown make: taking one without ops")
            pin = re.search(r"^onedl-mmcv==\S+", pins.read_text(), re.MULTILINE)[0]
            self._pip("install", "--no-deps", "--force-reinstall", "--no-cache-dir", pin)

    def _find_compiled(self) -> list[Path]:
        return list(self.venv.glob("lib/python*/site-packages/mmcv/_ext*.so"))

    def _has_pip(self) -> bool:
        command = [str(self.python), "-c", "import pip"]
        return self.python.exists() and not subprocess.run(command, capture_output=True).returncode

    def _pip(self, *args: str | Path) -> None:
        self._run(self.python, "-m", "pip", "--disable-pip-version-check", "--no-input", *args)

    def _run(self, *command: str | Path) -> None:
        # Temporary files stay out of a small /tmp, and do not stay behind when pip is killed.
        temporary = self.venv / ".adla-tmp"
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir()
        constraint = str(ROOT / "requirements" / "pins.txt")  # of what builds a package, too
        names = {"PIP_CONSTRAINT": constraint}
        if "--no-build-isolation" not in command:  # pip 26.3 refuses the two together
            names["PIP_BUILD_CONSTRAINT"] = constraint
        process = subprocess.Popen(
            [str(part) for part in command],
            env={**os.environ, **names, "TMPDIR": str(temporary)},
            pass_fds=[self.lock],
            start_new_session=True,  # so that nothing it started outlives the set-up
        )
        try:
            status = process.wait()
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)
                process.wait()
            shutil.rmtree(temporary, ignore_errors=True)
        if status:
            words = " ".join(map(str, command[1:5]))
            raise SetupError(f"'{words} ...' failed, see above; the next call resumes")


def main() -> None:
    """Parse the arguments, keep a second set-up of the same folder out, and run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--venv", type=Path, default=Path(".venv"), help="folder to build it in")
    parser.add_argument("--stack", choices=STACKS, default="onedl")
    args = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    venv = args.venv.absolute()
    try:
        venv.mkdir(parents=True, exist_ok=True)
        with (venv / ".adla-lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            Setup(venv, args.stack, lock.fileno()).run()
    except SetupError as error:
        sys.exit(f"adla set-up: {error}")
    except OSError as error:
        sys.exit(f"adla set-up: cannot use {venv}: {error}")
    except KeyboardInterrupt:
        sys.exit("adla set-up: interrupted; the next call resumes here")


if __name__ == "__main__":
    main()
