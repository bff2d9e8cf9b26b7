"""The page of commands is what the commands say."""

from __future__ import annotations

import re
from pathlib import Path

from typer.main import get_command

from tuiflow.cli.main import app
from tuiflow.cli.page import cli_page, commands

PAGE = Path(__file__).parent.parent / "docs" / "cli.md"


def test_the_page_is_up_to_date() -> None:
    # The head of the page says how it is written.
    assert PAGE.read_text(encoding="utf-8") == cli_page()


def test_every_command_and_option_is_there() -> None:
    sections = re.split(r"^#+ (?=`tuiflow)", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)[
        1:
    ]
    found = list(commands(get_command(app), ("tuiflow",)))
    assert len(found) == len(sections) > 30
    for (words, command), section in zip(found, sections, strict=True):
        assert section.startswith(f"`{' '.join(words)}"), words
        for option in command.params:
            if option.param_type_name == "option" and not option.hidden:
                assert option.opts[0] in section, (words, option.opts)


def test_lists_have_formats_and_changes_take_yes() -> None:
    for words, command in commands(get_command(app), ("tuiflow",)):
        options = {name for item in command.params for name in item.opts}
        if (
            words[1:2] in (("runs",), ("experiments",))
            and len(words) == 3
            and words[2] not in ("csv", "group")
        ):
            assert "--yes" in options, words
        if words[1:] in (("runs",), ("experiments",), ("artifacts", "ls"), ("metrics",)):
            assert "--format" in options, words
