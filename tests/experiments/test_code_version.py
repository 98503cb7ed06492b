import subprocess

from adla.experiments.code_version import code_version
from adla.version import __version__


def git(folder, *words):
    who = ["-c", "user.name=a", "-c", "user.email=a@b.c"]
    command = ["git", "-C", str(folder), *who, *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def test_a_checkout_says_its_commit_and_whether_it_was_changed(tmp_path):
    git(tmp_path, "init")
    file = tmp_path / "code.py"
    file.write_text("a = 1")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-m", "first")
    git(tmp_path, "tag", "v1")  # a tag is not what is asked for
    commit = git(tmp_path, "rev-parse", "--short", "HEAD")
    assert code_version(tmp_path) == commit
    (tmp_path / "new.py").write_text("")  # git does not know it
    assert code_version(tmp_path) == commit
    file.write_text("a = 2")
    assert code_version(tmp_path) == f"{commit}+"


def test_an_installed_package_says_its_release(tmp_path):
    assert code_version(tmp_path) == f"adla {__version__}"
    (tmp_path / ".git").write_text("gitdir: gone")
    assert code_version(tmp_path) == f"adla {__version__}"
