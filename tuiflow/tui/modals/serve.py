"""Serve a run's model: ask for the port, and for the model where there are several."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.validation import Integer
from textual.widgets import Input, Static

from tuiflow.entities import Run, ServerInfo
from tuiflow.errors import TuiflowError
from tuiflow.text import clean
from tuiflow.tui.modals.base import Modal
from tuiflow.tui.reader import Asks
from tuiflow.tui.widgets.field import Field
from tuiflow.tui.widgets.rows import Cell, Column, Row, RowsView

if TYPE_CHECKING:
    from textual.events import Mount

HOST = "127.0.0.1"


class ServeModal(Modal[ServerInfo], Asks):
    """Asks for what is not given: which of the run's models, unless `path` says so, and the port.

    Starts the server and answers its row; what goes wrong is said here, to be put right."""

    keys = "{field.submit} start · {app.next_pane} next field · {dialog.cancel} cancel"

    def __init__(self, run: Run, path: str | None = None, title: str = "") -> None:
        super().__init__()
        self.heading = f"Serve {title or run.info.run_name}"
        self._run = run
        self._paths = run.model_paths if path is None else (path,)
        self._starting = False

    def compose_body(self) -> ComposeResult:
        paths = self._paths
        if len(paths) > 1:
            yield Static(Content("model"), classes="modal--label")
            models = RowsView([Column("", flexible=True)], heading=False, id="serve-models")
            models.styles.height = min(len(paths), 6)
            yield models
        yield Static(Content("port"), classes="modal--label")
        yield Field(
            str(self.app.settings.port), type="integer", max_length=5, id="serve-port",
            validators=[Integer(1, 65535)],
        )  # fmt: skip
        yield Static(id="serve-remark")

    def on_mount(self, event: Mount) -> None:
        paths = self._paths
        if len(paths) > 1:
            self._models.show([Row(path, (Cell(path, "name"),)) for path in paths])
            self._models.focus()
        else:
            self._port.focus()
        self._remark(
            self.keyed(
                "It listens on localhost and ends with the app,"
                " unless {servers.detach} detaches it."
            )
        )
        self._offer(self.app.settings.port)

    @property
    def _models(self) -> RowsView:
        return self.query_one("#serve-models", RowsView)

    @property
    def _port(self) -> Input:
        return self.query_one("#serve-port", Input)

    def _remark(self, remark: str, style: str = "$dim") -> None:
        self.query_one("#serve-remark", Static).update(Content.styled(clean(remark), style))

    def _offer(self, wanted: int) -> None:
        """Put the first free port from `wanted` on into the field."""

        def question() -> int:
            from tuiflow.serving.ports import free_port

            return free_port(wanted, HOST)

        def offer(port: int) -> None:
            if port != wanted and self._port.value == str(wanted):
                self._port.value = str(port)
                self._port.cursor_position = len(self._port.value)
                self._remark(f"Port {wanted} is taken; {port} is the next free one.", "$warning")

        self.ask("port", question, offer, failed=self._failed)

    def on_rows_view_opened(self, event: RowsView.Opened) -> None:
        self._serve()

    @on(Input.Submitted, "#serve-port")
    def _serve(self) -> None:
        if self._starting:
            return
        text = self._port.value.strip()
        port = int(text) if text.isascii() and text.isdigit() else 0
        if not 1 <= port <= 65535:
            self._remark("A port is a number from 1 to 65535.", "$error")
            self._port.focus()
            return
        paths = self._paths
        path = self._models.key if len(paths) > 1 else next(iter(paths), None)
        run_id = self._run.info.run_id
        self._starting = True
        self._remark("Starting…")

        def question() -> ServerInfo:
            from tuiflow.serving.process import start

            return start(self.store, run_id, path, HOST, port)

        self.ask("start", question, self._started, failed=self._failed)

    def _started(self, server: ServerInfo) -> None:
        self.dismiss(server)

    def _failed(self, error: TuiflowError) -> None:
        self._starting = False
        self._remark(error.message, "$error")
        self._port.focus()
