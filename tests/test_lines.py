"""Lines of files that grow."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuiflow import lines as lines_module
from tuiflow.lines import MAX_LINE, Follower

pieces = st.lists(st.text("ab\n", max_size=8), max_size=6)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("lines")


def finished(text: str) -> list[str]:
    return text.split("\n")[:-1]


@given(before=pieces, after=pieces, count=st.integers(0, 9), block=st.integers(1, 7))
def test_each_line_comes_once(
    folder: Path, before: list[str], after: list[str], count: int, block: int
) -> None:
    file = folder / "log"
    text = "".join(before)
    file.write_text(text)
    follower = Follower(file, count)
    chunk, lines_module.CHUNK = lines_module.CHUNK, block
    try:
        came = list(follower.new())
        assert came == finished(text)[max(len(finished(text)) - count, 0) :]
        start = len(finished(text))
        for piece in after:
            with file.open("a") as stream:
                stream.write(piece)
            text += piece
            came += follower.new()
            assert came[min(start, count) :] == finished(text)[start:]
        rest = text.rpartition("\n")[2]
        assert list(follower.new(last=True)) == ([rest] if rest else [])
        assert list(follower.new(last=True)) == []
        everything = text.split("\n") if rest else finished(text)
        kept = everything[max(len(everything) - count, 0) :]
        assert list(Follower(file, count).new(last=True)) == kept
    finally:
        lines_module.CHUNK = chunk


def test_a_long_line_is_broken_and_text_is_harmless(tmp_path: Path) -> None:
    file = tmp_path / "log"
    file.write_bytes(b"x" * (MAX_LINE + 1) + b"\n10%\r100%\n\x1b[31mred\x1b[0m\x07\n")
    found = list(Follower(file, 99).new())
    assert found == ["x" * MAX_LINE, "x", "100%", "red␇"]
    file.write_bytes(b"y" * (2 * MAX_LINE + 5))
    assert "".join(Follower(file, 99).new(last=True)) == "y" * (2 * MAX_LINE + 5)


def test_a_file_that_is_begun_anew(tmp_path: Path) -> None:
    file = tmp_path / "log"
    file.write_text("one\ntwo\n")
    follower = Follower(file, 1)
    assert list(follower.new()) == ["two"]
    file.write_text("new\n")
    assert list(follower.new()) == ["new"]
    other = tmp_path / "other"
    other.write_text("another file\n")
    other.replace(file)
    assert list(follower.new()) == ["another file"]


def test_the_end_of_a_large_file_is_found_from_its_end(tmp_path: Path) -> None:
    file = tmp_path / "log"
    with file.open("wb") as stream:
        stream.truncate(1 << 36)  # a hole: read from its beginning, it would take a minute
        stream.seek(0, os.SEEK_END)
        stream.write(b"\nlast\n")
    assert list(Follower(file, 1).new()) == ["last"]
