"""Lines of large files: both ends at once, the middle when it is come to."""

from __future__ import annotations

from pathlib import Path

import pytest
from driving import until
from textual.app import App, ComposeResult

from tuiflow.tui import file_lines
from tuiflow.tui.file_lines import FileLines, FileReplaced, Wanted
from tuiflow.tui.widgets.lines import FixedLines, LinesView


@pytest.fixture(autouse=True)
def _small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_lines, "SMALL", 4096)
    monkeypatch.setattr(file_lines, "PART", 1024)


LINES = [f"line {number} {'x' * (number % 90)}" for number in range(500)]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "file.log"
    path.write_text("\n".join(LINES) + "\n")
    return path


def opened(path: Path) -> FileLines:
    lines = FileLines(path)
    while lines.scan():
        pass
    return lines


def texts(lines: FileLines) -> list[str]:
    return [lines.line(row) for row in range(lines.total) if row != lines.gap_row]


def never() -> bool:
    return False


def test_both_ends_are_there_and_the_gap_is_told(file: Path) -> None:
    lines = opened(file)
    assert lines.line(0) == LINES[0] and lines.line(lines.total - 1) == LINES[-1]
    gap = lines.gap_row
    assert gap is not None and 0 < gap < 50
    assert "kB not read yet" in lines.line(gap)
    shown = texts(lines)
    assert shown[:gap] == LINES[:gap] and shown[gap:] == LINES[gap - len(shown) :]


@pytest.mark.parametrize("sides", [[True], [False], [True, False]])
def test_the_gap_is_read_from_either_side_until_all_is_there(file: Path, sides: list[bool]) -> None:
    lines = opened(file)
    for turn in range(1000):
        if lines.gap is None:
            break
        last = lines.line(lines.total - 1)
        before = lines.total
        part = lines.read_part(sides[turn % len(sides)])
        assert part is not None
        assert lines.total == before  # until it is joined
        moved = lines.join(part)
        assert lines.total == before + moved and lines.line(lines.total - 1) == last
    assert texts(lines) == LINES


def test_a_part_that_fits_no_more_is_left(file: Path) -> None:
    lines = opened(file)
    part = lines.read_part(True)
    assert part is not None
    assert lines.join(part) > 0
    before = lines.total
    assert lines.join(part) == 0 and lines.total == before


@pytest.mark.parametrize("wanted", [0, 7, 250, 493, 499])
@pytest.mark.parametrize("step", [1, -1])
def test_a_search_finds_lines_in_the_gap_too(file: Path, wanted: int, step: int) -> None:
    lines = opened(file)
    start = 0 if step > 0 else lines.total - 1
    found = lines.find(Wanted(f"line {wanted} "), start, step, never)
    assert found is not None
    for part in found.parts:
        lines.join(part)
    assert lines.line(found.row) == LINES[wanted]


def test_each_match_comes_once_and_then_none(file: Path) -> None:
    lines = opened(file)
    row, seen = 0, []
    while (found := lines.find(Wanted("line 49"), row, 1, never)) is not None:
        for part in found.parts:
            lines.join(part)
        seen.append(lines.line(found.row))
        row = found.row + 1
    assert seen == [line for line in LINES if "line 49" in line]


def test_a_search_that_is_cancelled_ends(file: Path) -> None:
    assert opened(file).find(Wanted("line 499"), 0, 1, lambda: True) is None


def test_capitals_matter_where_they_are_typed(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_text("Error\nerror\nÄrger\n\x1b[31mE\x1b[0mrror\n")
    lines = opened(path)

    def rows(text: str) -> list[int]:
        found = []
        row = 0
        while (hit := lines.find(Wanted(text), row, 1, never)) is not None:
            found.append(hit.row)
            row = hit.row + 1
        return found

    assert rows("error") == [0, 1, 3]
    assert rows("Error") == [0, 3]
    assert rows("ärger") == [2]
    assert Wanted("r").spans("Error r") == [(1, 2), (2, 3), (4, 5), (6, 7)]


def test_a_file_grows_at_its_end_and_one_that_is_replaced_is_told(file: Path) -> None:
    lines = opened(file)
    with file.open("a") as stream:
        stream.write("and more\n")
    lines.scan()
    assert lines.line(lines.total - 1) == "and more"
    file.write_text("new\n")
    with pytest.raises(FileReplaced):
        lines.scan()


def test_a_long_line_has_no_end_to_wait_for(tmp_path: Path) -> None:
    path = tmp_path / "long"
    path.write_text("y" * 100_000)
    lines = opened(path)
    while lines.gap is not None:
        part = lines.read_part(False)
        assert part is not None
        lines.join(part)
    assert "".join(texts(lines)) == "y" * 100_000
    assert lines.total > 20 and lines.line_count == 1


@pytest.mark.parametrize(
    "content", ["y" * 9_000, "y" * 2_000, "a\n" * 3_000, "y\n" * 9 + "z" * 9_000]
)
@pytest.mark.parametrize("end", ["", "\n", "\nb\n"])
@pytest.mark.parametrize("after_head", [True, False])
def test_lines_are_counted_once(tmp_path: Path, content: str, end: str, after_head: bool) -> None:
    path = tmp_path / "file"
    path.write_text(content + end)
    lines = opened(path)
    while lines.gap is not None:
        part = lines.read_part(after_head)
        assert part is not None
        lines.join(part)
    assert lines.line_count == len((content + end).splitlines())


class Follows(App[None]):
    CSS = "LinesView { height: 1fr; overflow-x: hidden; }"

    def compose(self) -> ComposeResult:
        yield LinesView(follow=True)


async def test_lines_that_come_before_there_is_room_end_up_at_their_end() -> None:
    app = Follows()
    async with app.run_test(size=(40, 12)) as pilot:
        view = app.query_one(LinesView)
        view.display = False
        await pilot.pause()
        view.show(FixedLines([f"line {n}" for n in range(200)]))
        view.display = True
        await pilot.pause()
        for size in ((40, 12), (40, 8), (40, 30)):
            await pilot.resize_terminal(*size)
            await pilot.pause()
            await until(pilot, lambda high=size[1]: view.top == 200 - high)
            assert view.following and view.vertical_scrollbar.position == view.scroll_y
