"""MLproject files, parameters and the command they make: no store, no run."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tuiflow.errors import InvalidInput, NotFound
from tuiflow.projects import EntryPoint, EnvironmentSpec, Parameter
from tuiflow.projects.command import placeholders, shell_argv, shown
from tuiflow.projects.mlproject import find_entry_point, load_project, parse
from tuiflow.projects.params import bind, parse_assignments, parse_docker_args, undeclared
from tuiflow.text import clean

WINE = """\
name: wine
entry_points:
  main:
    parameters:
      alpha: float
      l1_ratio: {type: float, default: 0.10}
      data: {type: path, default: data.csv}
      note: {default: "it's"}
    command: "python train.py {alpha} {l1_ratio} {data} {note}"
  check:
    command: pytest
"""


def message(error: pytest.ExceptionInfo[Exception]) -> str:
    text = str(error.value)
    assert "\n" not in text
    return text


def test_reads_entry_points_types_and_defaults(tmp_path: Path) -> None:
    name, entries, environment = parse(WINE, tmp_path)
    assert environment == EnvironmentSpec()
    assert name == "wine"
    assert entries["main"].parameters == {
        "alpha": Parameter("alpha", "float", None),
        "l1_ratio": Parameter("l1_ratio", "float", "0.10"),
        "data": Parameter("data", "path", "data.csv"),
        "note": Parameter("note", "string", "it's"),
    }
    assert entries["check"] == EntryPoint("check", "pytest")


@pytest.mark.parametrize("file_name", ["MLproject", "mlproject", "MLProject", "MLPROJECT"])
def test_file_name_in_any_case(tmp_path: Path, file_name: str) -> None:
    (tmp_path / file_name).write_text(WINE)
    assert set(load_project(tmp_path).entry_points) == {"main", "check"}


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("name: [", 1, "not YAML"),
        ("entry_points:\n\t- x", 2, "not YAML"),
        ("- main", 1, "must be a mapping"),
        ("entry_point: {}", 1, "did you mean 'entry_points'?"),
        ("entry_points:\n  main:\n    comand: x", 3, "did you mean 'command'?"),
        ("entry_points:\n  main:\n    parameters: {}", 3, "needs a command"),
        ("entry_points:\n  main: python train.py", 2, "must be a mapping"),
        ("entry_points:\n  main: {command: [x]}", 2, "must be a text"),
        ("entry_points:\n  main: {command: x}\n  main: {command: y}", 3, "given twice"),
        (
            "entry_points:\n  main:\n    command: x\n    parameters:\n      a: flaot",
            5,
            "did you mean 'float'?",
        ),
        (
            "entry_points:\n  main:\n    command: x\n    parameters:\n      a: {type: 3d}",
            5,
            "unknown type '3d'",
        ),
        (
            "entry_points:\n  main:\n    parameters: {alpha: float}\n    command: x {alhpa}",
            4,
            "did you mean 'alpha'?",
        ),
        ("entry_points:\n  main:\n    command: echo ${HOME}", 3, "written {{ or }}"),
        ("entry_points:\n  main:\n    command: x {", 3, "single { or }"),
        ("entry_points:\n  main:\n    command: x {}", 3, "without a name"),
        ("entry_points:\n  main:\n    command: x {a!r}", 3, "only the plain name"),
    ],
)
def test_a_mistake_is_told_with_its_line(tmp_path: Path, text: str, line: int, said: str) -> None:
    with pytest.raises(InvalidInput) as error:
        parse(text, tmp_path)
    assert message(error).startswith(f"MLproject line {line}")
    assert said in message(error)


@settings(max_examples=200)
@given(st.text(alphabet="abn:{}[]-,'\"\n \t#&*!|>%@0.\\\u00e9", max_size=60))
def test_any_text_is_read_or_refused_in_words(text: str) -> None:
    try:
        parse(text, Path("/nowhere"))
    except InvalidInput as error:
        assert str(error).startswith("MLproject")


def test_environments(tmp_path: Path) -> None:
    assert load_project(tmp_path).environment == EnvironmentSpec()
    for file, kind in (
        ("requirements.txt", "requirements"),
        ("conda.yaml", "conda"),
        ("python_env.yaml", "python_env"),
    ):
        (tmp_path / file).touch()  # the later ones go before the earlier ones
        assert load_project(tmp_path).environment == EnvironmentSpec(kind, tmp_path / file)
    (tmp_path / "MLproject").write_text("name: x")
    assert load_project(tmp_path).environment.kind == "python_env"
    for text, expected in (
        ("conda_env: conda.yaml", EnvironmentSpec("conda", tmp_path / "conda.yaml")),
        (
            "python_env: requirements.txt",
            EnvironmentSpec("requirements", tmp_path / "requirements.txt"),
        ),
        ("docker_env: {image: x}", EnvironmentSpec("docker", image="x")),
        (
            "docker_env: {image: x, volumes: [/a:/b], environment: [[A, 'b c'], HOME]}",
            EnvironmentSpec("docker", None, "x", ("/a:/b",), (("A", "b c"), ("HOME", None))),
        ),
    ):
        (tmp_path / "MLproject").write_text(text)
        assert load_project(tmp_path).environment == expected


def test_not_utf8(tmp_path: Path) -> None:
    (tmp_path / "MLproject").write_bytes(b"name: \xff\xfe")
    with pytest.raises(InvalidInput, match="not UTF-8"):
        load_project(tmp_path)


def test_entry_points_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no project"):
        find_entry_point(load_project(tmp_path))
    (tmp_path / "train.py").touch()
    with pytest.raises(NotFound, match=r"-e train\.py"):
        find_entry_point(load_project(tmp_path))
    with pytest.raises(NotFound, match=r"did you mean 'train\.py'"):
        find_entry_point(load_project(tmp_path), "trian.py")
    (tmp_path / "MLproject").write_text(WINE)
    project = load_project(tmp_path)
    with pytest.raises(NotFound, match="did you mean 'main'"):
        find_entry_point(project, "mian")
    with pytest.raises(NotFound, match="it has main, check"):
        find_entry_point(project, "zzz")
    assert find_entry_point(project, "train.py") == EntryPoint("train.py", "python train.py")
    (tmp_path / "train.py").unlink()
    (tmp_path / "MLproject").write_text("name: empty")
    with pytest.raises(NotFound, match=r"no entry point 'main'; it has none\."):
        find_entry_point(load_project(tmp_path))


def main_entry(tmp_path: Path) -> EntryPoint:
    (tmp_path / "MLproject").write_text(WINE)
    (tmp_path / "data.csv").touch()
    return find_entry_point(load_project(tmp_path))


def test_values_and_defaults(tmp_path: Path) -> None:
    bound = bind(main_entry(tmp_path), {"alpha": "1"}, tmp_path)
    assert bound.extra == {}
    assert bound.declared == {
        "alpha": "1",
        "l1_ratio": "0.10",
        "data": str(tmp_path / "data.csv"),
        "note": "it's",
    }
    assert list(bound.params) == ["alpha", "l1_ratio", "data", "note"]


def test_a_given_path_is_the_users_and_a_default_is_the_projects(tmp_path: Path) -> None:
    entry = main_entry(tmp_path)
    here = tmp_path / "here"
    here.mkdir()
    (here / "mine.csv").touch()
    assert bind(entry, {"alpha": "1"}, tmp_path, here).declared["data"] == str(
        tmp_path / "data.csv"
    )
    given = {"alpha": "1", "data": "mine.csv"}
    assert bind(entry, given, tmp_path, here).declared["data"] == str(here / "mine.csv")
    given["data"] = f"file://{here}/mine.csv"
    assert bind(entry, given, tmp_path, here).declared["data"] == str(here / "mine.csv")
    given["data"] = "https://example.org/x.csv"
    assert bind(entry, given, tmp_path, here).declared["data"] == "https://example.org/x.csv"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "needs -P alpha=FLOAT"),
        ({"alhpa": "1"}, "'alhpa' is none of its parameters; did you mean 'alpha'?"),
        ({"alpha": "1", "zzz": "a\0b"}, "without NUL"),
        ({"alpha": "big"}, "'alpha' must be a number, not big"),
        ({"alpha": ""}, "'alpha' must be a number, not ''"),
        ({"alpha": "1", "data": "none.csv"}, "there is no "),
        ({"alpha": "1", "data": ""}, "there is no empty path"),
        ({"alpha": "1", "data": "~no-such-user/x"}, "there is no "),
        ({"alpha": "1", "data": "x" * 5000}, "there is no "),
        ({"alpha": "1", "note": "a\0b"}, "without NUL"),
    ],
)
def test_a_bad_value_is_one_clear_line(tmp_path: Path, given: dict[str, str], said: str) -> None:
    with pytest.raises(InvalidInput) as error:
        bind(main_entry(tmp_path), given, tmp_path)
    assert said in message(error)


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        ("float", ["1", "-2.5e-3", "inf", "nan"], ["1,5", "x", ""]),
        ("int", ["1", "-7"], ["1.5", "1e3", "x"]),
        ("bool", ["true", "False", "1", "no"], ["maybe", ""]),
        ("uri", ["s3://a/b", "https://x"], ["a/b", "C:\\x", ""]),
        ("string", ["", "x y", "ünï"], []),
    ],
)
def test_types(tmp_path: Path, kind: str, good: list[str], bad: list[str]) -> None:
    entry = EntryPoint("main", "x {p}", {"p": Parameter("p", kind)})
    for value in good:
        assert bind(entry, {"p": value}, tmp_path).params == {"p": value}
    for value in bad:
        with pytest.raises(InvalidInput, match="must be"):
            bind(entry, {"p": value}, tmp_path)


def test_assignments() -> None:
    assert parse_assignments(["a=1", "b=x=y", "c="]) == {"a": "1", "b": "x=y", "c": ""}
    for wrong, said in ((["a"], "form"), (["=1"], "form"), (["a=1", "a=2"], "given twice")):
        with pytest.raises(InvalidInput, match=said):
            parse_assignments(wrong)


def test_what_is_not_declared_is_passed_on(tmp_path: Path) -> None:
    entry = main_entry(tmp_path)
    bound = bind(entry, {"zzz": "1", "alpha": "2", "l1ratio": "a b"}, tmp_path)
    assert bound.extra == {"zzz": "1", "l1ratio": "a b"}
    assert list(bound.params) == ["alpha", "l1_ratio", "data", "note", "zzz", "l1ratio"]
    (warning,) = undeclared(entry, bound.extra)
    assert "did you mean 'l1_ratio'?" in warning
    assert "passed on as --l1ratio" in warning
    for template in ("printf '%s\\0' {a}", "printf '%s\\0' {a}\n\n"):
        done = subprocess.run(
            shell_argv(template, {"a": "x"}, {"b c": NASTY, "d": ""}),
            capture_output=True,
            check=True,
        )
        assert done.stdout.decode().split("\0") == ["x", "--b c", NASTY, "--d", "", ""]
    assert shown("run {a}", {"a": "1"}, {"b": "it's"}) == "run 1 --b 'it'\"'\"'s'"


def test_docker_arguments() -> None:
    assert parse_docker_args(["gpus=all", "t"]) == {"gpus": "all", "t": True}
    for wrong, said in ((["=1"], "form"), (["--x"], "form"), (["a", "a=1"], "given twice")):
        with pytest.raises(InvalidInput, match=said):
            parse_docker_args(wrong)


def test_placeholders() -> None:
    assert placeholders("python {a} {b-c} {a} {{x}}") == ("a", "b-c")


def test_a_command_is_shown_as_a_person_would_type_it() -> None:
    values = {"a": "1", "b": "it's"}
    assert shown("run  {a} \\\n\t {b}\n", values) == "run 1 'it'\"'\"'s'"
    assert shown("run --a={a} '{b}  x' \"{b}\" out/{a}.csv", values) == (
        "run --a=1 'it'\"'\"'s  x' \"it's\" out/1.csv"
    )
    assert shown('run {a} | tee "$HOME/{b}" && [ {a} = 1 ]', {"a": "1", "b": "$x"}) == (
        'run 1 | tee "$HOME/\\$x" && [ 1 = 1 ]'
    )
    assert shown("run {a}", {"a": "x\ny\x1b"}) == "run $'x\\012y\\033'"
    # Where a line break or a comment would make another command of it on one line, as it is run.
    assert shown("one {a}\ntwo", {"a": "1"}) == "bash -c $'one \"${1}\"\\012two' bash 1"
    assert shown("one # {a}", {"a": "1"}, {"b": "2"}).startswith("bash -c 'one # ")


NASTY = "'; touch pwned; echo \"$(touch pwned)`touch pwned` ${HOME} \\ *\n#"


@settings(max_examples=60, deadline=None)
@given(
    st.text(
        st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=40
    )
)
@example(NASTY)
@example("-n")
def test_no_value_escapes_from_any_kind_of_quoting(value: str) -> None:
    template = "printf '%s\\0' {v} \"{v}\" '{v}' pre{v}post \"<$(printf '%s' \"{v}\")>\""
    done = subprocess.run(
        shell_argv(template, {"v": value}), capture_output=True, check=True, cwd="/"
    )
    bare, double, single, joined, nested = done.stdout.decode().split("\0")[:5]
    assert bare == double == single == value
    assert joined == f"pre{value}post"
    # A shell cuts line breaks off the end of what $(…) gives.
    assert nested == "<" + value.rstrip("\n") + ">"


TYPED = """printf '%s\\0' {v} '{v}' "{v}" --x={v} a/{v}.b pre{v}post '<{v}>' "<{v}>" {v}{v}"""


@settings(max_examples=150, deadline=None)
@given(
    st.text(
        st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=40
    )
    | st.text("'\"\\$`!#;&|<>(){}[]*?~=^ \t\n\r\x1ba1", min_size=1, max_size=12)
)
@example(NASTY)
@example("'; touch pwned; '")
@example("  two  blanks\n\nand lines  ")
@example("e" + "\u0301" * 9)
@example("\U0001f469\u200d\U0001f52c\ufe0f")
def test_what_is_shown_gives_the_values_when_it_is_pasted(value: str) -> None:
    line = shown(TYPED, {"v": value}, {"more": value})
    assert clean(line) == line, "it is shown as it is"
    assert not line.startswith("bash -c")
    done = subprocess.run(["bash", "-c", line], capture_output=True, check=True, cwd="/")
    expected = [value, value, value, f"--x={value}", f"a/{value}.b", f"pre{value}post"]
    expected += [f"<{value}>", f"<{value}>", value * 2, "--more", value, ""]
    assert done.stdout.decode().split("\0") == expected


ODD = [
    "printf %s {v} # don't mind {v}\nprintf %s {v}",
    "printf %s $(printf %s {v})",
    'printf %s "$(printf %s "{v}")"',
    'printf %s "`printf %s {v}`"',
    "cat <<END\n{v}\nEND\n",
    "cat <<< {v}",
    "printf %s \\{v}",
    'printf %s "\\\\{v}"',
    'printf %s ${v} "${v}"',
    "printf %s $'it\\'s {v}' {v}",
    'X=1; printf %s $X{v} "$X{v}" ${{X}}{v} "${{X}}{v}" \'$X{v}\'',
    'printf %s "${{X:-{v}}}" ${{X:-{v}}}',
    "printf %s a{{1,{v}}} {{{v}}} [{v}] ~{v}",
    "{v} printf %s no",
    "A={v} printenv A; {v}=1 printenv A",
    "printf %s x {v}>&2",
    "[[ x = {v} ]] && printf %s {v}",
    "printf %s a\\ {v}\\ b c\\;{v}",
    "for x in {v} '{v}'; do printf '%s\\n' \"$x\"; done",
    "printf %s 'two  blanks {v}' \"two\tor\nlines {v}\"",
    "(printf %s {v}); printf %s {v}&",
    "printf '%s' {v}\nif true\nthen printf '%s' \"{v}\"\nfi",
]


@pytest.mark.parametrize("template", ODD)
@pytest.mark.parametrize(
    "value", [NASTY, "a1", "2", "a-c", "1,2", "root", "A=1", "if", "a!b c", "`id`", "$(id)", "}x"]
)
def test_what_is_shown_does_what_is_run(tmp_path: Path, template: str, value: str) -> None:
    line = shown(template, {"v": value})
    assert clean(line) == line
    run, pasted = (
        subprocess.run(argv, capture_output=True, cwd=tmp_path)
        for argv in (shell_argv(template, {"v": value}), ["bash", "-c", line])
    )
    if "$$" not in shell_argv(template, {"v": value})[2]:  # the number of a process
        assert pasted.stdout == run.stdout
        assert (pasted.returncode == 0) == (run.returncode == 0)
    assert not (tmp_path / "pwned").exists()


@pytest.mark.parametrize(
    "template",
    [
        "# don't mind {v}\nprintf %s {v}",
        "printf %s $(printf %s {v})",
        'printf %s "`printf %s {v}`"',
        "cat <<END\n{v}\nEND\n",
        'printf "%s" \\"{v}',
    ],
)
def test_odd_commands_do_not_execute_a_value(tmp_path: Path, template: str) -> None:
    subprocess.run(shell_argv(template, {"v": NASTY}), capture_output=True, cwd=tmp_path)
    assert list(tmp_path.iterdir()) == []
