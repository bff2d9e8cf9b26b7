"""What can be done with the server under the cursor: stop, restart, detach, copy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tuiflow.errors import TuiflowError
from tuiflow.tui.screens.base import StoreScreen

if TYPE_CHECKING:
    from tuiflow.tui.served import Lines, Served


class ServerActions(StoreScreen):
    """A screen with a list of servers, each told by a key."""

    def __init__(self) -> None:
        super().__init__()
        self.stopping: set[str] = set()
        """Keys of the servers that are being stopped."""

    @property
    def current_key(self) -> str | None:
        """The key of the server under the cursor."""
        raise NotImplementedError

    @property
    def current(self) -> Served | None:
        """The server under the cursor."""
        raise NotImplementedError

    @property
    def current_lines(self) -> Lines | None:
        """What is copied to reach the server under the cursor, once it is known."""
        raise NotImplementedError

    def states_changed(self) -> None:
        """Show the states of the servers anew."""
        raise NotImplementedError

    def look_again(self) -> None:
        """Ask the servers how they are."""
        raise NotImplementedError

    def why_not(self, action_id: str) -> str | None:
        item, key = self.current, self.current_key
        if action_id not in _NEEDS_SERVER:
            return None
        if item is None or key is None:
            return "Nothing is being served"
        if action_id in _NEEDS_RUNNING and not item.running:
            return self.app.keyed("This server has ended; {servers.restart} starts it again")
        if action_id in _NEEDS_RUNNING and key in self.stopping:
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
        item, lines = self.current, self.current_lines
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
        item, key = self.current, self.current_key
        if item is None or key is None:
            return
        from tuiflow.serving.process import stop

        server = item.info
        self._stopping_now(key)
        self.ask(
            f"stop-{key}",
            lambda: stop(self.store, server.server_id),
            lambda drained: self._stopped(key, server.port, drained),
            failed=lambda error: self._stop_failed(key, error),
        )

    def _stopping_now(self, key: str) -> None:
        self.stopping.add(key)
        self.states_changed()

    def _stopped(self, key: str, port: int, drained: bool) -> None:
        self.stopping.discard(key)
        if drained:
            self.app.say(f"Stopped the server on port {port}")
        else:
            self.app.say(f"The server on port {port} had to be killed: requests were cut off")
        self.app.store_changed()

    def _stop_failed(self, key: str, error: TuiflowError) -> None:
        self.stopping.discard(key)
        self.app.fail(error)
        self.look_again()

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
        stops = self.app.keyed("{servers.stop} stops it")
        self.app.say(f"The server on port {port} stays when the app ends; {stops}")
        self.app.store_changed()

    def action_restart(self) -> None:
        item, key = self.current, self.current_key
        if item is None or key is None:
            return
        from tuiflow.serving.process import start, stop

        server = item.info
        if item.running:
            self._stopping_now(key)

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
        self.stopping.discard(key)
        self.app.started_servers.add(server_id)
        self.app.store_changed()


_NEEDS_RUNNING = {"servers.invoke", "servers.stop", "servers.detach"}
_NEEDS_SERVER = _NEEDS_RUNNING | {
    "servers.copy", "servers.restart", "servers.console", "app.copy_id",
}  # fmt: skip
