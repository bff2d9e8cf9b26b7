"""`tuiflow config`: find, edit and check the file of settings."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from shell import Cli

from tuiflow.settings import template


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TUIFLOW_CONFIG", str(tmp_path / "etc" / "my.toml"))
    return tmp_path / "etc" / "my.toml"


def editor(folder: Path, monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    """Have `code` be what $EDITOR does with the file `path`."""
    script = folder / "the editor.py"
    script.write_text(f"import sys, pathlib\npath = pathlib.Path(sys.argv[1])\n{code}\n")
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.setenv("EDITOR", f'{sys.executable} "{script}"')


def test_path_is_the_users_own_or_the_named_one(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TUIFLOW_CONFIG", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    if sys.platform == "linux":
        assert cli("config", "path").out == f"{tmp_path}/tuiflow/config.toml\n"
    monkeypatch.setenv("TUIFLOW_CONFIG", "~/other.toml")
    assert cli("config", "path").out == f"{Path.home()}/other.toml\n"


def test_check_without_a_file(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: Path
) -> None:
    result = cli("config", "check")
    assert (result.code, result.err) == (2, f"{file}: there is no such file\n")
    monkeypatch.delenv("TUIFLOW_CONFIG")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    result = cli("config", "check")
    assert result.code == 0
    assert "is not there: everything is as it comes" in result.out


def test_check_names_file_and_line(cli: Cli, file: Path) -> None:
    file.parent.mkdir()
    file.write_text('density = "dense"\n\n[keys]\nruns.delet = "X"\n')
    result = cli("config", "check")
    assert result.code == 2
    assert result.err.splitlines() == [
        f"{file}:1: density can't be 'dense': it is one of comfortable, compact",
        f"{file}:4: there is no action 'runs.delet'; did you mean 'runs.delete'?",
    ]
    file.write_text('density = "compact"\ntheme = "nord"\n[keys]\nruns.delete = "X"\n')
    result = cli("config", "check")
    assert result.code == 0
    assert result.out == f"{file} is right: 1 action with other keys, theme nord, compact.\n"
    file.write_text("serve.port = 8080\n")
    assert cli("config", "check").out == f"{file} is right: port 8080.\n"


def test_check_shows_hostile_text_as_text(cli: Cli, file: Path) -> None:
    file.parent.mkdir()
    file.write_text('"\\u001b[31m" = 1\n')
    result = cli("config", "check")
    assert result.code == 2
    assert "\x1b" not in result.err


def test_edit_writes_a_file_to_begin_with(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: Path
) -> None:
    editor(tmp_path, monkeypatch, "print(path.name)")
    result = cli("config", "edit")
    assert result.code == 0, result.err
    assert file.read_text() == template()
    assert result.out == f"{file} is right: everything is as it comes.\n"


def test_edit_leaves_what_is_there_and_checks_it_then(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: Path
) -> None:
    file.parent.mkdir()
    file.write_text("# mine\n")
    editor(tmp_path, monkeypatch, "path.write_text(path.read_text() + 'poll = 0\\n')")
    result = cli("config", "edit")
    assert file.read_text() == "# mine\npoll = 0\n"
    assert result.code == 2
    assert f"{file}:2: poll must be" in result.err


def test_edit_says_what_is_wrong_with_the_editor(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: Path
) -> None:
    editor(tmp_path, monkeypatch, "sys.exit(3)")
    result = cli("config", "edit")
    assert (result.code, "ended with 3" in result.err) == (2, True)
    monkeypatch.setenv("VISUAL", "no-such-editor-here")
    result = cli("config", "edit")
    assert (result.code, "can't be started" in result.err) == (2, True)


def test_edit_where_nothing_can_be_written(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("TUIFLOW_CONFIG", str(tmp_path / "file" / "config.toml"))
    result = cli("config", "edit")
    assert result.code == 2
    assert "can't be written" in result.err


def test_help_reads_no_settings(file: Path) -> None:
    code = (
        "import sys; sys.argv[1:] = ['--help']\nfrom tuiflow.__main__ import main\n"
        "try: main()\nexcept SystemExit: pass\n"
        "print([name for name in sys.modules if name in ('tuiflow.settings', 'tomllib')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
