"""Lines of files that grow."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tuiflow import lines as lines_module
from tuiflow.lines import MAX_LINE, SPAN, Follower, LineIndex

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


def read_all(index: LineIndex) -> list[str]:
    while index.scan():
        pass
    return [index.line(number) for number in range(index.total)]


def test_lines_are_found_by_number(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_text("".join(f"line {i}\n" for i in range(10_000)))
    assert read_all(LineIndex(path)) == [f"line {i}" for i in range(10_000)]


def test_a_growing_file_is_followed_through_an_unfinished_line(tmp_path: Path) -> None:
    path = tmp_path / "log"
    index = LineIndex(path)
    with pytest.raises(FileNotFoundError):
        index.scan()
    with path.open("w") as file:
        for part, expected in (
            ("a\nb", ["a", "b"]),
            ("c", ["a", "bc"]),
            ("\n", ["a", "bc"]),
            ("\nd\n", ["a", "bc", "", "d"]),
        ):
            file.write(part)
            file.flush()
            assert read_all(index) == expected


def test_a_file_that_was_cut_or_replaced_is_read_anew(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_text("old one\nold two\n")
    index = LineIndex(path)
    read_all(index)
    path.write_text("new\n")
    assert read_all(index) == ["new"]
    other = tmp_path / "other"
    other.write_text("a much longer replacement of the file\n")
    other.replace(path)
    assert read_all(index) == ["a much longer replacement of the file"]


def test_progress_bars_and_colours_read_as_on_a_terminal(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b" 10%\r 50%\r100%\n\x1b[1;32mok\x1b[0m\r\n\x1b]0;evil\x07\n\xff\n")
    assert read_all(LineIndex(path)) == ["100%", "ok", "␛]0;evil␇", "�"]


def test_a_progress_bar_of_hours_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "log"
    index = LineIndex(path)
    states = [f"\r{step:6}/90000 {'#' * (step % 60)}" for step in range(20_000)]
    path.write_text("begin\n" + "".join(states))
    assert read_all(index) == ["begin", states[-1][1:]]
    with path.open("a") as file:
        file.write("\r")
    assert read_all(index)[1:] == [states[-1][1:]]
    with path.open("a") as file:
        file.write("done\nend\n")
    assert read_all(index) == ["begin", "done", "end"]


def test_a_line_without_end_is_broken_and_never_read_whole(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(lines_module, "CHUNK", 1 << 16)
    path = tmp_path / "log"
    size = (SPAN + MAX_LINE) * 3 + 17
    path.write_bytes(b"x" * size + b"\nlast\n")
    index = LineIndex(path)
    shown = read_all(index)
    assert shown[-1] == "last"
    assert max(map(len, shown)) == MAX_LINE and sum(map(len, shown[:-1])) == size


parts_of_files = st.lists(
    st.lists(
        st.sampled_from(["", "a", "bb\n", "\n", "c" * 7, "d" * 8 + "\n", "e\n" * 9, "\r", "f\r"]),
        max_size=30,
    ),
    max_size=6,
)


@settings(max_examples=200, deadline=None)
@given(parts=parts_of_files, span=st.integers(1, 20), chunk=st.integers(3, 30))
def test_the_index_agrees_with_splitting(folder: Path, parts, span: int, chunk: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lines_module, "MAX_LINE", 8)
        patch.setattr(lines_module, "SPAN", span)
        patch.setattr(lines_module, "CHUNK", chunk)
        path = folder / "indexed"
        path.unlink(missing_ok=True)
        path.touch()
        index = LineIndex(path)
        written = ""
        for part in parts:
            written = re.sub("\r{3,}", "\r\r", written + "".join(part))
            path.write_text(written)
            assert read_all(index) == (expected(written) if written.strip("\r") else [])
            for number, line in enumerate(read_all(index)):
                found = index.find(lambda text, line=line: text == line, lambda data: True, 0, 1)
                assert found is not None and index.line(found) == line and found <= number


def expected(written: str) -> list[str]:
    """What a terminal shows, whose lines are broken after 8 characters."""
    shown: list[str] = []
    for line in written.rstrip("\r").removesuffix("\n").split("\n"):
        pieces = [""]
        for part in line.rstrip("\r").split("\r"):
            pieces[-1:] = [part[start : start + 8] for start in range(0, max(len(part), 1), 8)]
        shown += pieces
    return shown
