import os
import re
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

from adla.cli import commands, mmdet_imports
from adla.cli.commands import COMMANDS, Command, dispatch, one_line_errors
from adla.cli.convert import CONVERTERS

ROOT = Path(__file__).resolve().parents[2]
TOOLS = {
    "train": "train.py",
    "test": "test.py",
    "table": "benchmark_table.py",
    "check": "check_dataset.py",
    "eval": "eval_json.py",
    "predict": "predict.py",
    "export": "export_onnx.py",
    "demo": "demo.py",
}


def run_python(*words: str, cwd: Path = ROOT) -> subprocess.CompletedProcess:
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    return subprocess.run(
        [sys.executable, *words],
        cwd=cwd, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True,
    )  # fmt: skip


def test_the_help_lists_every_command(adla_command):
    code, out, _ = adla_command("--help")
    assert code == 0
    assert re.findall(r"^  (\w+) ", out, re.M) == [
        "train", "test", "table", "check", "eval", "predict", "convert", "export", "demo", "env",
    ]  # fmt: skip
    code, out, _ = adla_command()
    assert code == 2 and "usage: adla COMMAND" in out
    assert adla_command("--version")[1] == f"adla {commands.__version__}\n"


@pytest.mark.parametrize(
    "name", [name for name in COMMANDS if name not in ("convert", "train", "test")]
)
def test_a_command_explains_itself_with_an_example(adla_command, name):
    code, out, _ = adla_command(name, "-h")
    assert code == 0 and out.startswith(f"usage: adla {name}")
    assert re.search(rf"^Examples?: adla {name}", out, re.M) and "``" not in out


@pytest.mark.parametrize("name", CONVERTERS)
def test_a_converter_explains_itself_with_an_example(adla_command, name):
    assert f"  {name} " in adla_command("convert", "--help")[1]
    code, out, _ = adla_command("convert", name, "-h")
    kind, target = ("model", f"{name}n.pth") if name == "yolov8" else ("dataset", f"data/{name}")
    assert code == 0 and re.search(rf"^Example: adla convert {name} .*{target}", out, re.M)
    tool = ROOT / f"tools/{kind}_converters" / f"{name.replace('-', '_')}.py"
    assert f'main("convert", "{name}")' in tool.read_text()


@pytest.mark.parametrize("name", TOOLS)
def test_a_tool_is_the_command_of_the_same_job(name):
    assert f'main("{name}")' in (ROOT / "tools" / TOOLS[name]).read_text()


def test_a_wrong_word_gets_the_one_that_was_meant(adla_command):
    code, _, err = adla_command("tabel")
    assert code == 2 and err == "adla: there is no 'tabel': did you mean table?\n"
    code, _, err = adla_command("convert", "xyz")
    assert code == 2 and err.startswith("adla convert: there is no 'xyz': there are aitod, ")


def test_a_line_adds_a_command(adla_command, tmp_path, monkeypatch):
    (tmp_path / "said.py").write_text("def main(words):\n    print(*words)\n    return 7\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert dispatch("adla", "", {"say": Command("said", "")}, ["say", "a", "--b"]) == 7


def test_the_quick_commands_start_without_the_heavy_packages():
    code = (
        "import sys; from adla.cli.commands import run\n"
        "for words in (['--help'], ['eval', '-h'], ['table', 'list', 'light']):\n"
        "    try: run(words)\n"
        "    except SystemExit: pass\n"
        "heavy = {'mmdet', 'mmcv', 'torch', 'matplotlib', 'scipy'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    result = run_python("-c", code)
    assert result.returncode == 0, result.stderr


def test_env_needs_no_mmdet():
    hide = "import sys; sys.modules.update(dict.fromkeys(['mmengine', 'mmcv', 'mmdet']));"
    result = run_python("-c", f"{hide} from adla.cli import main; main('env')")
    assert result.returncode == 0 and result.stdout.startswith("Versions\n"), result.stderr


def test_errors_and_interrupts_end_with_one_line(capsys):
    for error, code, line in (
        (ValueError("adla: wrong"), 2, "adla check: wrong!"),
        (FileNotFoundError("none"), 2, "adla check: none!"),
        (ImportError("adla needs mmdet"), 2, "adla check: needs mmdet!"),
        (
            KeyboardInterrupt(),
            1,
            "adla check: interrupted; call it again and it goes on where it was",
        ),
    ):
        with (
            pytest.raises(SystemExit) as end,
            one_line_errors("adla check", True, lambda text: "!"),
        ):
            raise error
        assert end.value.code == code and capsys.readouterr().err == f"{line}\n"


def test_a_missing_mmdet_is_named(tmp_path):
    hide = "import sys; sys.modules.update(dict.fromkeys(['mmdet']));"
    for words in ("'train', 'config.py'", "'check', 'config.py'"):
        result = run_python("-c", f"{hide} from adla.cli import main; main({words})", cwd=tmp_path)
        assert result.returncode and "needs mmdet, which is not installed" in result.stderr
        assert len(result.stderr.splitlines()) == 1


@pytest.mark.slow
def test_mmdet_is_imported_without_its_noise():
    code = (
        "from adla.cli.mmdet_imports import import_mmdet; import_mmdet()\n"
        "import adla.components, torch, warnings\n"
        "torch.meshgrid(torch.arange(2), torch.arange(2))\n"
        "print('shown'); warnings.warn('shown too')"
    )
    result = run_python("-c", code)
    assert result.stdout == "shown\n" and result.returncode == 0, result.stderr
    assert result.stderr.splitlines()[0].endswith("UserWarning: shown too")


def test_only_known_lines_are_left_out(monkeypatch, capsys):
    def say(name):
        print(*mmdet_imports.LINES, "something else", sep="\n")
        raise ImportError("and why")

    monkeypatch.setattr(mmdet_imports, "import_module", say)
    with warnings.catch_warnings(), pytest.raises(ImportError, match="and why"):
        mmdet_imports.import_mmdet()
    assert capsys.readouterr().out == "something else\n"
