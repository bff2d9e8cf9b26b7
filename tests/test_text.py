"""Text from runs is text: nothing in it acts on a terminal or changes the width of a line."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from tuiflow.text import clean, clean_block, sparkline

anything = st.text(st.characters(codec=None, categories=None))


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("plain [bold]text[/]", "plain [bold]text[/]"),
        ("\x1b[31mred\x1b]8;;x\x07", "␛[31mred␛]8;;x␇"),
        ("a\nb\tc\r\x00\x7f", "a␊b␉c␍␀␡"),
        ("c1 \x9b31m", "c1 �31m"),
        ("\u202eevil\u2066\u200f", "�evil��"),
        ("a\u200bb\ufeffc\u00add", "a�b�c�d"),
        ("\ud800\u2028", "��"),
        ("模型 🚀", "模型 🚀"),
        ("n\u0303o", "n\u0303o"),
        ("نامه\u200cها", "نامه\u200cها"),
        ("❤\ufe0f 1\ufe0f\u20e3", "❤ 1\u20e3"),
        ("👍🏽", "👍"),
        ("👩\u200d🔬", "👩🔬"),
        ("\u3164", "�"),
    ],
)
def test_shown(raw: str, shown: str) -> None:
    assert clean(raw) == shown


def test_marks_do_not_pile_up() -> None:
    assert clean("Z" + "\u0321" * 1000 + "a\u0301") == "Z" + "\u0321" * 4 + "a\u0301"


def test_cut() -> None:
    assert clean("x" * 1_000_000, 10) == "xxxxxxxxx…"
    assert clean("\x1b" * 1_000_000, 3) == "␛␛…"


@given(anything)
def test_cleaned_text_is_one_harmless_line_and_stays_as_it_is(raw: str) -> None:
    shown = clean(raw)
    categories = {unicodedata.category(char) for char in shown} - {"Cf"}
    assert not categories & {"Cc", "Cn", "Cs", "Zl", "Zp"}
    assert {char for char in shown if unicodedata.category(char) == "Cf"} <= {"\u200c"}
    assert clean(shown) == shown


@given(anything, anything)
def test_widths_add_up(one: str, other: str) -> None:
    """A cell is padded by its own width; what stands beside it must not change that."""
    one, other = clean(one), clean(other)
    assert cell_len(f"{one} │ {other}") == cell_len(one) + 3 + cell_len(other)


def test_a_block_keeps_its_lines() -> None:
    assert clean_block("a\r\n\tb\x1b\n") == "a\n    b␛\n"


def test_a_sparkline_of_what_no_sum_can_hold() -> None:
    assert sparkline([1.0, 1.0, 1.7e308, 1.7e308], width=2) == "▁█"
