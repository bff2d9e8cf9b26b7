"""A console: the request to a server on the left, its answer on the right."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import TextArea

from tuiflow.tui.widgets.lines import FixedLines, LinesView

if TYPE_CHECKING:
    from tuiflow.tui.app import TuiflowApp

HINTS = (
    ("{servers.send}", "send"),
    ("{app.next_pane}", "answer"),
    ("{app.back}", "back to the servers"),
)
_NOTE = "{servers.invoke} sends the request on the left"


class Console(Horizontal):
    """Keeps a request and an answer for each server, told apart by a key."""

    def __init__(self) -> None:
        super().__init__()
        self._key: str | None = None
        self._requests: dict[str, str] = {}
        self._answers: dict[str, tuple[str, tuple[str, ...]]] = {}

    def compose(self) -> ComposeResult:
        yield TextArea(compact=True, highlight_cursor_line=False, id="request")
        yield LinesView(wrap=True, id="answer")

    def on_mount(self) -> None:
        self._area.cursor_blink = self._area.match_cursor_bracket = False
        self._area.border_title = "request"
        self._draw_answer()

    @property
    def _note(self) -> str:
        return cast("TuiflowApp", self.app).keyed(_NOTE)

    @property
    def _area(self) -> TextArea:
        return self.query_one("#request", TextArea)

    @property
    def request(self) -> str:
        """The request as it stands there."""
        return self._area.text

    @property
    def typing(self) -> bool:
        """Whether the request is being edited."""
        return self.is_mounted and self._area.has_focus

    def edit(self) -> None:
        self._area.focus()

    def go_to(self, key: str | None) -> None:
        """Show the request and the answer of another server, as they were left."""
        if self._key in self._requests:
            self._requests[self._key] = self._area.text
        self._key = key
        self._area.text = self._requests.get(key or "", "")
        self._draw_answer()

    def offer(self, key: str, request: str) -> None:
        """Give a server its first request."""
        if key not in self._requests:
            self._requests[key] = request
            if key == self._key:
                self._area.text = request

    def answer(self, key: str, title: str, lines: tuple[str, ...] = ()) -> None:
        """Show what a server has answered; `title` is our own text, `lines` are harmless."""
        self._answers[key] = (title, lines)
        self._draw_answer()

    def _draw_answer(self) -> None:
        title, lines = self._answers.get(self._key or "", ("", ()))
        view = self.query_one("#answer", LinesView)
        view.border_title = f"answer · {title}" if title else "answer"
        view.show(FixedLines(lines), note="" if title else self._note)
