"""Pages that are written from code, and lines of the README that others rely on."""

from __future__ import annotations

import re
from pathlib import Path

from tuiflow.tui.keypage import key_page

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_key_page_is_what_the_action_table_says() -> None:
    # python -c "from tuiflow.tui.keypage import key_page; print(key_page(), end='')" > docs/keys.md
    assert (ROOT / "docs" / "keys.md").read_text(encoding="utf-8") == key_page()


def test_the_checks_find_the_test_line_of_the_readme() -> None:
    lines = re.findall(r"^.*venv.*pip install.*pytest.*$", README, re.MULTILINE)
    assert len(lines) == 1


def test_what_the_readme_shows_is_there() -> None:
    for target in re.findall(r"\]\(((?!http)[^)#]+)\)", README):
        assert (ROOT / target).exists(), target
