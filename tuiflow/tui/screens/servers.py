"""What is being served: its health, how to reach it, a console to ask it, its log."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Static, TextArea

from tuiflow import text
from tuiflow.errors import TuiflowError
from tuiflow.tui.actions import bindings
from tuiflow.tui.preview import json_or_text
from tuiflow.tui.reader import StoreChanged
from tuiflow.tui.screens.base import StoreScreen
from tuiflow.tui.widgets.lines import FixedLines, LinesView
from tuiflow.tui.widgets.rows import Cell, Column, Row, RowsView, Tone

if TYPE_CHECKING:
    from tuiflow.serving.invoke import Answer
    from tuiflow.tui.served import Lines, Served

LOOK_SECONDS = 1.0
_EMPTY = (
    "Nothing is being served. Press s on a run that has a model, or type"
    " `tuiflow serve -r latest -m model -p 5001`."
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


class ServersScreen(StoreScreen):
    """The servers of this store, also those that others started; ended ones stay to be read."""

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
        self._requests: dict[str, str] = {}
        self._answers: dict[str, tuple[str, tuple[str, ...]]] = {}
        self._stopping: set[str] = set()
        self._welcomed: set[int] = set()
        self._shown: str | None = None

    def compose_body(self) -> ComposeResult:
        yield RowsView(
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
        yield Static(id="server-lines")
        with Horizontal(id="console"):
            yield TextArea(compact=True, highlight_cursor_line=False, id="request")
            yield LinesView(wrap=True, id="answer")
        yield LinesView(follow=True, wrap=True, id="server-log")

    def hints(self) -> Sequence[str | tuple[str, str]]:
        typing = self.query("#request") and self.query_one("#request").has_focus
        return _TYPING_HINTS if typing else self.HINTS

    def on_mount(self) -> None:
        self.query_one("#request", TextArea).cursor_blink = False
        self.query_one("#request").border_title = "request"
        self.query_one("#answer").border_title = "answer"
        self.query_one("#server-log").border_title = "log"
        self.crumbs.show("servers")
        self._look()
        self.set_interval(LOOK_SECONDS, self._tick)

    @property
    def _list(self) -> RowsView:
        return self.query_one("#servers", RowsView)

    @property
    def current(self) -> Served | None:
        """The server under the cursor."""
        return self._served.get(self._list.key or "")

    # looking

    def on_store_changed(self, message: StoreChanged) -> None:
        self._look()

    def on_screen_resume(self, event: events.ScreenResume) -> None:
        self._look()

    def _tick(self) -> None:
        if self.is_current and not self.waiting("look"):
            self._look()

    def _look(self) -> None:
        from tuiflow.tui.served import look

        self.ask("look", lambda: look(self.store, self._since), self._looked)

    def _looked(self, servers: list[Served]) -> None:
        self._served = {str(item.info.server_id): item for item in servers}
        self._list.show([self._row(key) for key in self._served], note=_EMPTY)
        self._list.styles.height = min(len(servers), 6) + 1 if servers else 2
        for selector in ("#server-lines", "#console", "#server-log"):
            self.query_one(selector).display = bool(servers)
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
        ended = info.stopped_at or self.app.clock()
        up = text.duration(max(ended - info.started_at, 0)) if item.running else ""
        ends = "detached" if info.detached else "with app" if item.owned else "with owner"
        return Row(
            key,
            (
                Cell(str(info.port), "name"),
                f"{info.experiment_name} / {info.run_name} / {info.model_path}",
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
        if key in self._stopping and item.running:
            return "stopping"
        return "failed" if item.failure else item.health.state.value

    # the server under the cursor

    @on(RowsView.Moved, "#servers")
    def _show_current(self) -> None:
        item, key = self.current, self._list.key
        if self._shown in self._requests:
            self._requests[self._shown] = self.query_one("#request", TextArea).text
        self._shown = key
        self._say_lines()
        self._show_answer()
        self.query_one("#server-log", LinesView).show(FixedLines(), note="")
        self.query_one("#request", TextArea).text = self._requests.get(key or "", "")
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
        self._requests[key] = "\n".join(json_or_text(lines.request))
        if key == self._shown:
            self.query_one("#request", TextArea).text = self._requests[key]
            self._say_lines()

    def _say_lines(self) -> None:
        item, lines = self.current, self._lines.get(self._list.key or "")
        parts: list[str | tuple[str, str]] = []
        if item is not None and item.failure:
            parts.append((f"failed: {text.clean(item.failure)}", "$error"))
        elif item is not None and item.health.detail:
            parts.append((text.clean(item.health.detail), "$warning"))
        elif lines is not None:
            parts += [(lines.curl, "$foreground"), "\n", (lines.tunnel, "$dim")]
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
        self.query_one("#request").focus()

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
        body = self.query_one("#request", TextArea).text
        if not body.strip():
            self.app.say("There is no request to send yet; enter leads to where it is written")
            return
        server = item.info
        self._answers[key] = ("answer · waiting", ())
        self._show_answer()
        self.ask(
            f"invoke-{key}",
            lambda: invoke(server, body.encode()),
            lambda answer: self._answered(key, answer),
            failed=lambda error: self._refused(key, error),
        )

    def _answered(self, key: str, answer: Answer) -> None:
        title = f"answer · {answer.status} · {answer.milliseconds:.1f} ms"
        if answer.cut:
            title += f" · the first {text.size(len(answer.body))}"
        self._answers[key] = (title, json_or_text(answer.body.decode("utf-8", "replace")))
        self._show_answer()
        self._look()

    def _refused(self, key: str, error: TuiflowError) -> None:
        self._answers[key] = ("answer · none", (text.clean(error.message),))
        self._show_answer()

    def _show_answer(self) -> None:
        note = "i sends the request on the left"
        title, lines = self._answers.get(self._list.key or "", ("answer", ()))
        view = self.query_one("#answer", LinesView)
        view.border_title = title
        view.show(FixedLines(lines), note="" if "waiting" in title else note)

    def clear_something(self) -> bool:
        if self._list.has_focus:
            return False
        self._list.focus()
        return True

    # actions

    def why_not(self, action_id: str) -> str | None:
        item, key = self.current, self._list.key
        if action_id not in _NEEDS_SERVER:
            return None
        if item is None or key is None:
            return "Nothing is being served"
        if action_id in _NEEDS_RUNNING and not item.running:
            return "This server has ended; ctrl+r starts it again"
        if action_id in _NEEDS_RUNNING and key in self._stopping:
            return "This server is being stopped"
        if action_id == "servers.detach" and item.info.detached:
            return "This server is detached already: it stays when the app ends"
        if action_id == "servers.detach" and not item.owned:
            return "Another tuiflow started this server; it can be detached only there"
        return None

    def action_copy_id(self) -> None:
        if self.current is not None:
            self.app.copy(self.current.info.run_id, "The run's id")

    def action_copy(self) -> None:
        item, lines = self.current, self._lines.get(self._list.key or "")
        if item is None or lines is None:
            return
        from tuiflow.tui.modals.choose import ChooseModal

        options = {
            "curl": lines.curl,
            "ssh tunnel": lines.tunnel,
            "url": f"http://localhost:{item.info.port}/invocations",
            "run id": item.info.run_id,
            "log file": item.info.log_path,
        }
        self.app.push_screen(
            ChooseModal("Copy", list(options.items())),
            lambda name: self.app.copy(options[name], f"The {name}") if name else None,
        )

    def action_stop(self) -> None:
        item, key = self.current, self._list.key
        if item is None or key is None:
            return
        from tuiflow.serving.process import stop

        server = item.info
        self._begin_stop(key)
        self.ask(
            f"stop-{key}",
            lambda: stop(self.store, server.server_id),
            lambda drained: self._stopped(key, drained),
            failed=lambda error: self._stop_failed(key, error),
        )

    def _begin_stop(self, key: str) -> None:
        self._stopping.add(key)
        self._list.show([self._row(other) for other in self._served])
        self.refresh_hints()

    def _stopped(self, key: str, drained: bool) -> None:
        self._stopping.discard(key)
        item = self._served.get(key)
        if item is not None:
            port = item.info.port
            self.app.say(
                f"Stopped the server on port {port}"
                if drained
                else f"The server on port {port} had to be killed: requests were cut off"
            )
        self.app.store_changed()

    def _stop_failed(self, key: str, error: TuiflowError) -> None:
        self._stopping.discard(key)
        self.app.fail(error)
        self._look()

    def action_detach(self) -> None:
        item = self.current
        if item is None:
            return
        from tuiflow.serving.process import detach

        server = item.info
        self.ask(
            "detach",
            lambda: detach(self.store, server.server_id),
            lambda _: self._detached(server.port),
        )

    def _detached(self, port: int) -> None:
        self.app.say(f"The server on port {port} stays when the app ends; X stops it")
        self.app.store_changed()

    def action_restart(self) -> None:
        item, key = self.current, self._list.key
        if item is None or key is None:
            return
        from tuiflow.serving.process import start, stop

        server = item.info
        if item.running:
            self._begin_stop(key)

        def question() -> int:
            stop(self.store, server.server_id)
            again = start(
                self.store, server.run_id, server.model_path, server.host, server.port,
                server.detached,
            )  # fmt: skip
            return again.server_id

        self.ask(
            f"stop-{key}",
            question,
            lambda server_id: self._restarted(key, server_id),
            failed=lambda error: self._stop_failed(key, error),
        )

    def _restarted(self, key: str, server_id: int) -> None:
        self._stopping.discard(key)
        self.app.started_servers.add(server_id)
        self.app.store_changed()


_TYPING_HINTS = (("ctrl+s", "send"), ("tab", "answer"), ("esc", "back to the servers"))
_NEEDS_RUNNING = {"servers.invoke", "servers.stop", "servers.detach"}
_NEEDS_SERVER = _NEEDS_RUNNING | {
    "servers.copy", "servers.restart", "servers.console", "app.copy_id",
}  # fmt: skip


def _ms(value: float | None) -> str:
    return text.MISSING if value is None else f"{value:.1f} ms"


def _errors(count: int | None) -> str | Cell:
    if count is None:
        return text.MISSING
    return Cell(str(count), "bad" if count else "dim")
