"""Lines of a file of any size that are searched, and followed while the file grows."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.message import Message
from textual.widgets import Input
from textual.worker import get_current_worker

from tuiflow.errors import NotFound, TuiflowError
from tuiflow.lines import LineIndex
from tuiflow.tui.actions import bindings
from tuiflow.tui.file_lines import FileLines, FileReplaced, Found, Wanted
from tuiflow.tui.reader import Asks
from tuiflow.tui.widgets.field import Field
from tuiflow.tui.widgets.lines import LineSource, LinesView


class FileView(LinesView, Asks):
    """A `LinesView` that can take its lines from a file; see `Reader`."""

    class Changed(Message):
        """There are more lines, or others, or a search has ended."""

    def __init__(self, *, follow: bool = False, id: str | None = None) -> None:
        super().__init__(follow=follow, id=id)
        self._make: Callable[[], FileLines] | None = None
        self._empty = ""
        self._heads = 0
        self._state = (0, 0)
        self._downwards = True
        self.remark = ""
        """What the last search came to."""

    @property
    def lines(self) -> FileLines | None:
        """The file's lines, where it is one that is shown."""
        return self.source if isinstance(self.source, FileLines) else None

    def open(self, make: Callable[[], FileLines], empty: str, header: int = 0) -> None:
        """Show the lines of a file from now on; `make` opens it, in a worker. `empty` is said of
        one that has none."""
        self._make, self._empty, self._heads = make, empty, header
        self.read()

    def show(self, source: LineSource, *, header: int = 0, note: str = "") -> None:
        if not isinstance(source, FileLines):
            self._make = None
            self.forget("file")
        self.forget("part")
        self.forget("search")
        self.remark = ""
        super().show(source, header=header, note=note)

    def read(self) -> None:
        """Take in what the file has grown by, unless that is being done already."""
        make = self._make
        if make is None or self.waiting("file"):
            return
        lines = self.lines

        def question() -> tuple[FileLines, bool]:
            try:
                found = lines or make()
                try:
                    return found, found.scan()
                except FileReplaced:
                    found = make()
                    return found, found.scan()
            except OSError as error:
                raise NotFound(f"It can't be read: {error.strerror or error}.") from None

        self.ask("file", question, self._taken, failed=self._failed)

    def _taken(self, answer: tuple[FileLines, bool]) -> None:
        lines, more = answer
        state = lines.end, lines.total
        if lines is not self.source:
            self.show(lines, header=self._heads, note=self._empty)
            self.post_message(self.Changed())
        elif state != self._state:  # what has not changed is not painted again
            self.grown(self._empty)
            self.post_message(self.Changed())
        self._state = state
        if more:
            self.read()

    def _failed(self, error: TuiflowError) -> None:
        note = self._empty if isinstance(error, NotFound) and self._empty else error.message
        if note != self._note:
            self.grown(note)
            self.post_message(self.Changed())

    # the gap of a large file

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        followed = self.following
        super().watch_scroll_y(old_value, new_value)
        if followed != self.following:
            self.post_message(self.Changed())
        self._downwards = new_value > old_value
        self._read_near()

    def _read_near(self) -> None:
        lines = self.lines
        row = lines.gap_row if lines is not None else None
        if lines is None or row is None or self.waiting("part") or self.waiting("search"):
            return
        near = 2 * self.size.height
        top, end = self.top, self.top + self.size.height
        if not top - near <= row < end + near:
            return
        after_head = row >= end or (row >= top and self._downwards and not self._at_end)

        def question() -> LineIndex | None:
            try:
                return lines.read_part(after_head)
            except OSError as error:
                raise NotFound(f"It can't be read: {error.strerror or error}.") from None

        self.ask("part", question, lambda part: self._join(lines, part, after_head))

    def _join(self, lines: FileLines, part: LineIndex | None, after_head: bool) -> None:
        if part is None or lines is not self.source:
            return
        moved = lines.join(part)
        self.grown(above=0 if after_head else moved)
        self.post_message(self.Changed())
        self._read_near()

    # searching

    def search(self, step: int) -> None:
        """Go to the next line that has what is wanted, or the one before (`step` -1)."""
        source, wanted, total = self.source, self.wanted, self.source.total
        if not wanted.text or not total:
            return
        first = self.top if self.here is None else self.here + step
        self.remark = "searching…"
        self.post_message(self.Changed())
        if not isinstance(source, FileLines):
            ways = (range(first, total), range(total)) if step > 0 else ()
            ways = ways or (range(first, -1, -1), range(total - 1, -1, -1))
            for wrapped, rows in enumerate(ways):
                for row in rows:
                    if wanted.is_in(source.line(row)):
                        self._found(source, (Found(row), bool(wrapped)))
                        return
            self._found(source, None)
            return
        self.forget("part")

        def question() -> tuple[Found, bool] | None:
            cancelled = get_current_worker()
            try:
                for wrapped, row in enumerate((first, 0 if step > 0 else total - 1)):
                    found = source.find(wanted, row, step, lambda: cancelled.is_cancelled)
                    if found is not None:
                        return found, bool(wrapped)
            except OSError as error:
                raise NotFound(f"It can't be read: {error.strerror or error}.") from None
            return None

        self.ask("search", question, lambda answer: self._found(source, answer))

    def _found(self, source: LineSource, answer: tuple[Found, bool] | None) -> None:
        if source is not self.source:
            return
        if answer is None:
            self.remark = f"“{self.wanted.text}” is nowhere in it"
        else:
            found, wrapped = answer
            if isinstance(source, FileLines):
                for part in found.parts:
                    source.join(part)
            self.grown()
            self.go_to(found.row)
            self.remark = "went round the end" if wrapped else ""
        self.post_message(self.Changed())


class Reader(Vertical):
    """A `FileView`, and a line to type what is searched for, which opens with `/`."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings("run.search", "run.next_match", "run.previous_match")
    ]

    def __init__(self, *, follow: bool = False, id: str | None = None, view: str) -> None:
        super().__init__(id=id)
        self._view = FileView(follow=follow, id=view)

    def compose(self) -> ComposeResult:
        yield self._view
        yield Field(placeholder="/ search · enter goes to it · n next · N before")

    @property
    def view(self) -> FileView:
        return self._view

    def on_mount(self) -> None:
        self.query_one(Input).display = False

    def action_search(self) -> None:
        search = self.query_one(Input)
        search.display = True
        search.focus()

    def action_next_match(self) -> None:
        self._view.search(1)

    def action_previous_match(self) -> None:
        self._view.search(-1)

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self._view.light(Wanted(event.value))

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        event.stop()
        self.query_one(Input).display = bool(event.value)
        self._view.focus()
        self._view.search(1)

    def clear_something(self) -> bool:
        """Close the search; False where there is none."""
        search = self.query_one(Input)
        if not search.display:
            return False
        search.value = ""
        search.display = False
        self._view.light(Wanted(""))
        self._view.remark = ""
        self._view.post_message(FileView.Changed())
        self._view.focus()
        return True
