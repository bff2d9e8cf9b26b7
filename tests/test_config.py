"""The config file: what is read from it, and what is told of what is wrong in it."""

from __future__ import annotations

import re
import string
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.keys import _character_to_key
from textual.theme import BUILTIN_THEMES

from tuiflow.actions import ACTIONS, CONTEXTS, action, meet
from tuiflow.keynames import KeyNameError, canonical, shown
from tuiflow.settings import (
    DENSITIES,
    OWN_THEMES,
    THEMES,
    Settings,
    parse_settings,
    read_settings,
    template,
)

IDS = [item.id for item in ACTIONS]


def told(text: str) -> list[tuple[int | None, str]]:
    return [(problem.line, problem.text) for problem in parse_settings(text)[1]]


def test_what_is_set() -> None:
    settings, problems = parse_settings(
        'theme = "nord"\ndensity = "compact"\npoll = 2\n[serve]\nport = 8080\n'
        '[keys]\n"runs.delete" = ["X", "delete"]\n"runs.serve" = ""\nruns.note = []\n'
    )
    assert problems == []
    keys = {"runs.delete": ("X", "delete"), "runs.serve": (), "runs.note": ()}
    assert settings == Settings(keys, "nord", "compact", 2.0, 8080)
    assert settings.actions()["runs.delete"].shown_keys == ("X", "delete")
    assert settings.actions()["runs.diff"] == action("runs.diff")


@pytest.mark.parametrize(
    "text",
    [
        '[keys]\n"runs.delete" = "X"',
        "[keys]\nruns.delete = 'X'",
        '[keys.runs]\ndelete = ["X"]',
        'keys = { "runs.delete" = "X" }',
        'keys."runs.delete" = """X"""',
    ],
)
def test_ways_to_write_a_key(text: str) -> None:
    assert parse_settings(text) == (Settings({"runs.delete": ("X",)}), [])


def test_defaults_are_nothing_set() -> None:
    assert parse_settings("") == (Settings(), [])
    assert parse_settings('[keys]\n"app.palette" = [":", "ctrl+p"]') == (Settings(), [])


def test_wrong_entries_are_told_by_line_and_left_out() -> None:
    text = """\
theme = "tuiflow-drak"
densty = "compact"
poll = true

# a comment
[keys]
"runs.delet" = "X"

"runs.delete" = [
    "X",
    "ctrl+h",
]
runs.serve = "d"
"runs.export" = 3
"app.quit" = "f9"
"lists.up" = "f9"
"runs.note" = "foo"
"""
    settings, problems = parse_settings(text)
    assert settings == Settings({"app.quit": ("f9",)})
    assert [(problem.line, problem.text) for problem in problems] == [
        (1, "theme can't be 'tuiflow-drak'; did you mean 'tuiflow-dark'?"),
        (2, "there is no setting 'densty'; did you mean 'density'?"),
        (3, "poll must be a number of seconds from 0.1 to 60"),
        (7, "there is no action 'runs.delet'; did you mean 'runs.delete'?"),
        (9, "runs.delete: ctrl+h can't be bound: terminals send backspace for it"),
        (13, "runs.serve: d is the key of runs.diff (diff)"),
        (14, 'runs.export must be a key or a list of keys, such as "x"'),
        (16, "lists.up: f9 is the key of app.quit (quit)"),
        (17, "runs.note: 'foo' is no key"),
    ]
    assert str(problems[0]).startswith("line 1: theme can't be")


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("serve = 8080", 1, "serve must be a table: write [serve] and below it port = 5001"),
        ('\n[serve]\nport = "8080"', 3, "serve.port must be a whole number from 1 to 65535"),
        ("serve.port = true", 1, "serve.port must be a whole number from 1 to 65535"),
        ("serve.port = 0", 1, "serve.port must be a whole number from 1 to 65535"),
        ("serve.port = 65536", 1, "serve.port must be a whole number from 1 to 65535"),
        (
            "[serve]\n# which\nprot = 1\n",
            3,
            "there is no setting 'serve.prot'; did you mean 'serve.port'?",
        ),
    ],
)
def test_a_wrong_port_is_told_and_left_out(text: str, line: int, said: str) -> None:
    assert parse_settings(text)[0] == Settings()
    assert told(text) == [(line, said)]


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("a = 1\nb = \n", 2, "is no TOML: invalid value, at column 5"),
        ("a = [1\n\n", 2, "is no TOML: unclosed array, at the end"),
        ("a = 1\na = 2\n", 2, "is no TOML: cannot overwrite a value, at column 6"),
    ],
)
def test_wrong_toml_is_told_by_line_and_column(text: str, line: int, said: str) -> None:
    assert told(text) == [(line, said)]


def test_two_actions_may_change_keys() -> None:
    settings, problems = parse_settings('[keys]\nruns.diff = "s"\nruns.serve = "d"')
    assert problems == []
    assert settings.keys == {"runs.diff": ("s",), "runs.serve": ("d",)}


def test_a_key_that_a_left_out_entry_gives_back_is_not_given_away() -> None:
    settings, problems = parse_settings('[keys]\nruns.diff = "s"\nruns.serve = "ctrl+m"')
    assert settings.keys == {}
    assert [problem.line for problem in problems] == [2, 3]


def test_screens_do_not_disturb_each_other() -> None:
    assert meet("runs", "run")
    assert meet("lists", "compare")
    assert not meet("runs", "servers")
    assert told('[keys]\ncompare.baseline = "s"') == []
    assert told('[keys]\ncompare.baseline = "j"') == [
        (2, "compare.baseline: j is the key of lists.down (down)")
    ]


def test_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "config.toml"
    assert read_settings(file) == (Settings(), [])
    monkeypatch.setenv("TUIFLOW_CONFIG", str(file))
    assert [str(problem) for problem in read_settings(file)[1]] == ["there is no such file"]
    file.write_bytes(b"\xef\xbb\xbfpoll = 1\r\n[keys]\r\n'no' = 'x'\r\n")
    settings, problems = read_settings(file)
    assert (settings.poll, problems[0].line) == (1.0, 3)
    file.write_bytes(b"poll = 1\n# \xff\n")
    assert str(read_settings(file)[1][0]) == "line 2: is not UTF-8 text"
    assert str(read_settings(tmp_path)[1][0]).startswith("can't be read: ")


def test_the_template_holds_the_defaults() -> None:
    assert parse_settings(template()) == (Settings(), [])
    text = re.sub(r"^# (?=(theme|density|poll|\".*\") = )", "", template(), flags=re.MULTILINE)
    table = tomllib.loads(text)
    assert list(table["keys"]) == IDS
    for name, keys in table["keys"].items():
        written = [keys] if isinstance(keys, str) and keys else list(keys)
        assert tuple(written) == action(name).keys
    assert parse_settings(text) == (Settings(theme="tuiflow-dark"), [])
    assert all(theme in template() for theme in THEMES)


def test_the_page_tells_what_there_is() -> None:
    page = (Path(__file__).parent.parent / "docs" / "config.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```toml\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    assert len(blocks) == 1
    for block in blocks:
        settings, problems = parse_settings(block)
        assert problems == []
        assert settings.theme == "ansi-dark"
        assert settings.keys["runs.export"] == ()
    assert all(f"`{theme}`" in page for theme in THEMES)
    told = [line.partition(": ")[2] for line in re.findall(r"^~/.*$", page, re.MULTILINE)]
    wrong = '[keys]\n"runs.delet" = "X"\n"runs.serve" = "d"\n'
    assert told == [problem.text for problem in parse_settings(wrong)[1]]


def test_themes_are_those_that_textual_has() -> None:
    assert set(THEMES) == {*OWN_THEMES, *BUILTIN_THEMES}


# keys


def test_characters_by_their_names() -> None:
    for character in string.punctuation:
        name = _character_to_key(character)
        assert canonical(name) == canonical(character) == character
        assert character in "[@" or canonical(f"ctrl+{character}") == f"ctrl+{name}"
    # What terminals send for ctrl+space, by Textual's name.
    assert canonical("ctrl+@") == "ctrl+@"


@pytest.mark.parametrize(
    ("written", "key"),
    [
        *[("G", "G"), ("ä", "ä"), ("esc", "escape"), ("PageDown", "pagedown"), ("↑", "up")],
        *[("ctrl+D", "ctrl+d"), ("Ctrl+d", "ctrl+d"), ("shift+ctrl+up", "ctrl+shift+up")],
        *[("shift+tab", "shift+tab"), ("F5", "f5"), (" ", "space"), ("ctrl++", "ctrl+plus")],
        *[("alt+x", "alt+x"), ("return", "enter"), (",", ",")],
    ],
)
def test_keys(written: str, key: str) -> None:
    assert canonical(written) == key
    assert canonical(shown(key)) == key


@pytest.mark.parametrize(
    "written",
    [
        *["", "foo", "ctrl+", "a+b", "+a", "++", "ctrl+ctrl+x", "shift+a", "\t", "\x1b", "F13"],
        *["ctrl+h", "ctrl+i", "ctrl+j", "ctrl+m", "ctrl+[", "CTRL+I", "ctrl+c", "ctrl+q"],
        "ctrl+left_square_bracket",
    ],
)
def test_no_keys(written: str) -> None:
    with pytest.raises(KeyNameError):
        canonical(written)


# whatever stands in the file

names = st.sampled_from([*IDS, "keys", "theme", "density", "poll", "nothing"]) | st.text(max_size=8)
values = st.recursive(
    st.none().map(lambda _: "true")
    | st.integers().map(str)
    | st.floats().map(lambda number: str(number).replace("e+", "e"))
    | st.sampled_from(["1979-05-27", "07:32:00", "''", '"x"', "'ctrl+x'", "'nord'", "'compact'"])
    | st.text(string.printable, max_size=8).map(lambda text: f'"""{text}"""'),
    lambda below: st.lists(below, max_size=3).map(lambda items: f"[{', '.join(items)}]"),
    max_leaves=4,
)
lines = st.tuples(names, values).map(lambda item: f"'{item[0]}' = {item[1]}") | st.sampled_from(
    [
        "[keys]",
        "[[keys]]",
        "[keys.runs]",
        "[theme]",
        "# said",
        "",
        "delete = 'x'",
        "runs.tags = 'T'",
    ]
)
texts = st.lists(lines, max_size=8).map("\n".join) | st.text(max_size=60)


@given(texts)
def test_no_file_makes_it_fail(text: str) -> None:
    settings, problems = parse_settings(text)
    assert settings.density in DENSITIES
    assert settings.theme is None or settings.theme in THEMES
    assert set(settings.keys) <= set(IDS)
    count = text.count("\n") + 1
    assert all(problem.line is None or 1 <= problem.line <= count for problem in problems)
    assert all("\n" not in problem.text for problem in problems if problem.line is not None)


@given(
    st.dictionaries(
        st.sampled_from(IDS), st.lists(st.sampled_from("abcxyzXYZ/?."), max_size=3), max_size=12
    )
)
def test_no_two_actions_of_a_place_get_one_key(keys: dict[str, list[str]]) -> None:
    text = "[keys]\n" + "\n".join(f'"{name}" = {written}' for name, written in keys.items())
    settings, problems = parse_settings(text)
    actions = settings.actions().values()
    for context in CONTEXTS:
        found = [key for item in actions if item.where == context for key in item.keys]
        assert len(found) == len(set(found))
    kept = {name for name, written in keys.items() if actions_equal(settings, name, written)}
    assert len(kept) + len(problems) >= len(keys)


def actions_equal(settings: Settings, name: str, written: list[str]) -> bool:
    return settings.actions()[name].keys == tuple(dict.fromkeys(written))


def test_deep_nesting_and_long_numbers_are_told() -> None:
    assert told("a = " + "[" * 3000 + "]" * 3000)[0][1].startswith("is ")
    assert told("poll = 1" + "0" * 5000)
