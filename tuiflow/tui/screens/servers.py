"""What is being served: its health, how to reach it, a console to ask it, its log."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.widgets import Static

from tuiflow import text
from tuiflow.errors import TuiflowError
from tuiflow.tui.actions import bindings
from tuiflow.tui.preview import json_or_text
from tuiflow.tui.reader import StoreChanged
from tuiflow.tui.server_actions import ServerActions
from tuiflow.tui.widgets.console import HINTS as CONSOLE_HINTS
from tuiflow.tui.widgets.console import Console
from tuiflow.tui.widgets.lines import FixedLines, LinesView
from tuiflow.tui.widgets.rows import Cell, Column, Row, RowsView, Tone

if TYPE_CHECKING:
    from tuiflow.serving.invoke import Answer
    from tuiflow.tui.served import Lines, Served

LOOK_SECONDS = 1.0
_EMPTY = (
    ("s", "in Runs: serves the model of the run under the cursor"),
    ("tuiflow serve -r latest -m model", "the same from a shell"),
)
_GLYPHS: dict[str, tuple[str, Tone]] = {
    "starting": ("…", "warn"),
    "healthy": ("●", "good"),
    "unhealthy": ("◌", "bad"),
    "stopping": ("◍", "warn"),
    "stopped": ("■", "dim"),
    "failed": ("✗", "bad"),
    "elsewhere": ("↗", "dim"),
}


class _Servers(RowsView):
    """Where `enter` leads to the request, as it does from the rest of the screen."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("servers.console")]


class ServersScreen(ServerActions):
    """The servers of this store, also those that others started; ended ones stay to be read."""

    HELP = "The model servers of this store, also those that others started."
    PLACE = "servers"
    HINTS: ClassVar[tuple[str, ...]] = (
        *("servers.invoke", "servers.console", "servers.copy", "servers.stop"),
        *("servers.detach", "servers.restart", "app.runs"),
    )
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("servers")]
    AUTO_FOCUS = "#servers"

    def __init__(self) -> None:
        super().__init__()
        self._since = time.time_ns() // 1_000_000
        self._served: dict[str, Served] = {}
        self._lines: dict[str, Lines] = {}
        self._welcomed: set[int] = set()
        self._shown: str | None = None
        self._said: list[str | tuple[str, str]] = []

    def compose_body(self) -> ComposeResult:
        yield _Servers(
            [
                Column("port", right=True),
                Column("model", flexible=True, fills=True, most=80),
                Column("state"),
                Column("ends"),
                Column("up", right=True),
                Column("req/s", right=True, optional=True),
                Column("p50", right=True),
                Column("p99", right=True, optional=True),
                Column("", optional=True),
                Column("errors", right=True),
            ],
            id="servers",
        )
        yield Static(_empty(), id="servers-empty")
        yield Static(id="server-lines")
        yield Console()
        yield LinesView(follow=True, wrap=True, id="server-log")

    def hints(self) -> Sequence[str | tuple[str, str]]:
        typing = any(console.typing for console in self.query(Console))
        return CONSOLE_HINTS if typing else self.HINTS

    def on_mount(self) -> None:
        self.query_one("#server-log").border_title = "log"
        self.crumbs.show("servers")
        self.look_again()
        self.set_interval(LOOK_SECONDS, self._tick)

    @property
    def _list(self) -> RowsView:
        return self.query_one("#servers", RowsView)

    @property
    def _desk(self) -> Console:
        return self.query_one(Console)

    @property
    def current_key(self) -> str | None:
        return self._list.key

    @property
    def current(self) -> Served | None:
        return self._served.get(self._list.key or "")

    @property
    def current_lines(self) -> Lines | None:
        return self._lines.get(self._list.key or "")

    def states_changed(self) -> None:
        self._list.show([self._row(key) for key in self._served])
        self.refresh_hints()

    # looking

    def on_store_changed(self, message: StoreChanged) -> None:
        self.look_again()

    def on_screen_resume(self, event: events.ScreenResume) -> None:
        self.look_again()

    def _tick(self) -> None:
        if self.is_active and not self.waiting("look"):
            self.look_again()

    def look_again(self) -> None:
        from tuiflow.tui.served import look

        self.ask("look", lambda: look(self.store, self._since), self._looked)

    def _looked(self, servers: list[Served]) -> None:
        self._served = {str(item.info.server_id): item for item in servers}
        self._list.show([self._row(key) for key in self._served])
        self._list.styles.height = min(len(servers), 6) + 1
        for selector in ("#servers", "#server-lines", "Console", "#server-log"):
            self.query_one(selector).display = bool(servers)
        self.query_one("#servers-empty").display = not servers
        if servers and self.focused is None:
            self._list.focus()
        new = self.app.started_servers - self._welcomed
        if new & {item.info.server_id for item in servers}:
            self._list.go_to(str(max(new)))
            self._welcomed |= new
        up = sum(item.running for item in servers)
        self.crumbs.show("servers", right=f"{up} running" if servers else "")
        if self._shown != self._list.key:
            self._show_current()
        self._read_log()
        self.refresh_hints()

    def _row(self, key: str) -> Row:
        item = self._served[key]
        info, stats = item.info, item.stats
        state = self._state(key)
        glyph, tone = _GLYPHS[state]
        name = f"{info.run_name} / {info.model_path}"
        ended = info.stopped_at or self.app.clock()
        up = text.duration(max(ended - info.started_at, 0)) if item.running else ""
        ends = "detached" if info.detached else "with app" if item.owned else "with owner"
        return Row(
            key,
            (
                Cell(str(info.port), "name"),
                name if self.size.width < 100 else f"{info.experiment_name} / {name}",
                Cell(f"{glyph} {state}", tone),
                Cell(ends if item.running else "", "dim"),
                Cell(up, "dim"),
                "" if stats is None else f"{stats.rate:.1f}",
                _ms(stats.p50_ms if stats else None),
                _ms(stats.p99_ms if stats else None),
                Cell(text.sparkline(stats.recent_ms, 10) if stats else "", "series0"),
                _errors(stats.errors if stats else None),
            ),
        )

    def _state(self, key: str) -> str:
        item = self._served[key]
        if key in self.stopping and item.running:
            return "stopping"
        return "failed" if item.failure else item.health.state.value

    # the server under the cursor

    @on(RowsView.Moved, "#servers")
    def _show_current(self) -> None:
        item, key = self.current, self._list.key
        self._shown = key
        self._say_lines()
        self._desk.go_to(key)
        self.query_one("#server-log", LinesView).show(FixedLines(), note="")
        self.refresh_hints()
        if item is None or key is None:
            return
        self._read_log()
        if key not in self._lines:
            from tuiflow.tui.served import lines_of

            server = item.info
            self.ask(
                f"lines-{key}",
                lambda: lines_of(self.store, server),
                lambda lines: self._got_lines(key, lines),
            )

    def _got_lines(self, key: str, lines: Lines) -> None:
        self._lines[key] = lines
        width = max(self.size.width // 2 - 8, 24)
        self._desk.offer(key, "\n".join(json_or_text(lines.request, width)))
        if key == self._shown:
            self._say_lines()

    def _say_lines(self) -> None:
        item, lines = self.current, self.current_lines
        parts: list[str | tuple[str, str]] = []
        if item is not None and item.failure:
            parts.append((f"failed: {text.clean(item.failure)}", "$error"))
        elif item is not None and item.health.detail:
            parts.append((text.clean(item.health.detail), "$warning"))
        elif lines is not None:
            parts += [(lines.curl, "$foreground"), "\n", (lines.tunnel, "$dim")]
        if parts == self._said:
            return
        self._said = parts
        shown = self.query_one("#server-lines", Static)
        # A reason is read to its end; the lines are there to be copied.
        shown.set_class(len(parts) == 1, "-reason")
        shown.update(Content.assemble(*parts))

    def _read_log(self) -> None:
        item, key = self.current, self._list.key
        if item is None:
            return
        from tuiflow.serving.watch import tail_log
        from tuiflow.tui.served import LOG_LINES

        server = item.info
        self.ask("log", lambda: tail_log(server, LOG_LINES), lambda lines: self._log(key, lines))

    def _log(self, key: str | None, lines: list[str]) -> None:
        view = self.query_one("#server-log", LinesView)
        if key != self._list.key:
            return
        if not isinstance(view.source, FixedLines) or view.source.lines != lines:
            view.replace(FixedLines(lines), note="The log is empty.")
        self._say_lines()

    # the console

    def action_console(self) -> None:
        self._desk.edit()

    @on(RowsView.Opened, "#servers")
    def _opened(self) -> None:
        self.action_console()

    def action_invoke(self) -> None:
        item, key = self.current, self._list.key
        if item is None or key is None:
            return
        from tuiflow.serving.invoke import invoke

        if key != self._shown:  # the cursor has moved, and its request is not there yet
            self._show_current()
        body = self._desk.request
        if not body.strip():
            self.app.say("There is no request to send yet; enter leads to where it is written")
            return
        server = item.info
        self._desk.answer(key, "waiting")
        self.ask(
            f"invoke-{key}",
            lambda: invoke(server, body.encode()),
            lambda answer: self._answered(key, answer),
            failed=lambda error: self._refused(key, error),
        )

    async def action_send(self) -> None:
        await self.action_act("servers.invoke")

    def _answered(self, key: str, answer: Answer) -> None:
        title = f"{answer.status} · {answer.milliseconds:.1f} ms"
        if answer.cut:
            title += f" · the first {text.size(len(answer.body))}"
        body = json_or_text(answer.body.decode("utf-8", "replace"))
        self._desk.answer(key, title, body)
        self.look_again()

    def _refused(self, key: str, error: TuiflowError) -> None:
        self._desk.answer(key, "none", (text.clean(error.message),))

    def clear_something(self) -> bool:
        if self._list.has_focus or not self._list.display:
            return False
        self._list.focus()
        return True


def _empty() -> Content:
    room = max(len(what) for what, _ in _EMPTY)
    lines = [Content("Nothing is being served.")]
    for what, means in _EMPTY:
        line = Content.assemble((f"  {what:<{room}}", "bold $primary"), (f"  {means}", "$dim"))
        lines.append(line)
    return Content("\n").join(lines)


def _ms(value: float | None) -> str:
    return text.MISSING if value is None else f"{value:.1f} ms"


def _errors(count: int | None) -> str | Cell:
    if count is None:
        return text.MISSING
    return Cell(str(count), "bad" if count else "dim")
