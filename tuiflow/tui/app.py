"""The app: places, messages, and what every screen shares. Screens hold the rest."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, ClassVar, Literal
from weakref import WeakSet

from rich.console import Console, RenderableType
from textual import events
from textual._compositor import CompositorUpdate
from textual.app import App
from textual.binding import Binding, BindingType
from textual.dom import DOMNode
from textual.filter import LineFilter
from textual.screen import Screen

from tuiflow.actions import Action
from tuiflow.errors import TuiflowError
from tuiflow.settings import (
    ANSI_THEMES,
    THEMES,
    Problem,
    Settings,
    read_settings,
    settings_path,
)
from tuiflow.store import now_ms
from tuiflow.store.locate import with_tilde
from tuiflow.store.processes import is_alive, this_process
from tuiflow.text import clean_block
from tuiflow.tui.bulk import Progress
from tuiflow.tui.ending import ending_on_signals
from tuiflow.tui.harmless import Harmless
from tuiflow.tui.reader import StoreChanged
from tuiflow.tui.reruns import Reruns
from tuiflow.tui.screens.base import StoreScreen
from tuiflow.tui.themes import DARK, LIGHT, theme_variables
from tuiflow.tui.typeahead import TypeAhead
from tuiflow.tui.undo import UndoStack
from tuiflow.tui.widgets.chrome import Header
from tuiflow.tui.widgets.welcome import WELCOMED
from tuiflow.tui.wire import Wire

if TYPE_CHECKING:
    from tuiflow.entities import ServerInfo
    from tuiflow.store import Location, Store

TOLD_PROBLEMS = 5
"""How many mistakes in the config file are told when the app starts."""

_ACTION_ID = re.compile(r"\{(\w+\.\w+)\}")

HARMLESS = Harmless()

STAYS = 86_400.0
"""Seconds that an error stays on the screen: until it is dismissed."""


def _runs_screen() -> Screen[object]:
    from tuiflow.tui.screens.runs import RunsScreen

    return RunsScreen()


def _models_screen() -> Screen[object]:
    from tuiflow.tui.screens.models import ModelsScreen

    return ModelsScreen()


def _servers_screen() -> Screen[object]:
    from tuiflow.tui.screens.servers import ServersScreen

    return ServersScreen()


class TuiflowApp(App[object]):
    """The full-screen app over one open store.

    `clock` gives epoch ms; `host` and `store_label` are what the header shows; `mistakes`, which
    are those in the config file, are told at the start and stay. `first_theme` is worn until
    another one is chosen.
    """

    TITLE = "tuiflow"
    CSS_PATH = "tuiflow.tcss"
    MODES: ClassVar[dict[str, str | Callable[[], Screen[object]]]] = {
        "runs": _runs_screen,
        "models": _models_screen,
        "servers": _servers_screen,
    }
    DEFAULT_MODE = "runs"
    ENABLE_COMMAND_PALETTE = False
    NOTIFICATION_TIMEOUT = 4.0
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+c", "quit", show=False, system=True),
    ]

    def __init__(
        self,
        store: Store,
        *,
        location_reason: str = "",
        clock: Callable[[], int] = now_ms,
        host: str | None = None,
        store_label: str | None = None,
        settings: Settings | None = None,
        mistakes: str = "",
        first_theme: str = DARK.name,
    ) -> None:
        # Without colours, the terminal's own are what is left out; else they would be greys.
        super().__init__(ansi_color=True if "NO_COLOR" in os.environ else None)
        self._mistakes = mistakes
        self._theme_unless_chosen = first_theme
        self.settings = settings or Settings()
        self.actions = self.settings.actions()
        """The table of actions by id, with the user's keys."""
        self.rebound: WeakSet[DOMNode] = WeakSet()
        """What has the user's keys in its bindings."""
        self.typeahead = TypeAhead(self, super().on_event)
        self.wire = Wire()
        self.store = store
        self.location_reason = location_reason
        self.clock = clock
        self.host = host or this_process().host
        self.store_label = store_label or with_tilde(store.root)
        self.version = 0
        """Grows whenever the store has changed, by this app or by anybody else."""
        self.new_here = not store.get_state(WELCOMED)
        """Whether nobody has pressed a key on this store yet."""
        self.server_count = 0
        self.undo = UndoStack()
        self.started_servers: set[int] = set()
        """Ids of the servers started in this app: they end with it unless detached."""
        self.reruns = Reruns(self)
        self.bulk_work: Progress | None = None
        """The last work on many things; while it goes on, nothing follows the store."""
        self._data_version = store.data_version()
        self.animation_level = "none"
        self.register_theme(DARK)
        self.register_theme(LIGHT)
        # Not by assignment, which would have every style sheet read a second time.
        self.set_reactive(App.theme, self._first_theme())
        self._refresh_truecolor_filter(self.ansi_theme)
        self.stylesheet.set_variables(self.get_css_variables())
        self.set_class(self.settings.density == "compact", "-compact")

    def on_mount(self) -> None:
        self.app_resume_signal.subscribe(self, lambda _: self.action_redraw())
        self.set_interval(self.settings.poll, self._poll)
        if self._mistakes:
            self.fail(self._mistakes)
        self._count_servers()

    async def on_event(self, event: events.Event) -> None:
        typed = isinstance(event, (events.Key, events.Paste)) and not event.is_forwarded
        await (self.typeahead.take(event) if typed else super().on_event(event))

    def _display(self, screen: Screen[object], renderable: RenderableType | None) -> None:
        # Where everything that Textual paints passes on its way to the terminal.
        if isinstance(renderable, CompositorUpdate):
            renderable = self.wire.least(renderable, self.size)
        super()._display(screen, renderable)

    def get_line_filters(self) -> Sequence[LineFilter]:
        return [*super().get_line_filters(), HARMLESS]

    def action_of(self, action_id: str) -> Action:
        """The action of that id with the user's keys; KeyError where there is none."""
        return self.actions[action_id]

    def keyed(self, text: str) -> str:
        """A text with the user's keys in the places of `{action.id}`."""
        return _ACTION_ID.sub(self._key_or_title, text)

    def _key_or_title(self, found: re.Match[str]) -> str:
        item = self.actions[found[1]]
        return item.shown_key or f"“{item.title}”"

    # following the store

    def _poll(self) -> None:
        if self.bulk_work is not None and not self.bulk_work.ended:
            return  # reading it all again after each of its pieces would only hold it up
        try:
            version = self.store.data_version()
        except TuiflowError as error:
            self.fail(error)
            return
        if version != self._data_version:
            self._data_version = version
            self.store_changed()

    def store_changed(self) -> None:
        """Have the screen being looked at, and later the others, read the store again.

        To be called after this app's own writes; those of others are noticed by themselves.
        """
        self.version += 1
        for screen in reversed(self.screen_stack):
            if isinstance(screen, StoreScreen):
                screen.post_message(StoreChanged())
                break
        self._count_servers()

    def _count_servers(self) -> None:
        for screen in reversed(self.screen_stack):
            if isinstance(screen, StoreScreen):
                screen.ask("servers", self._live_servers, self._servers_counted)
                break

    def _live_servers(self) -> list[ServerInfo]:
        now = now_ms()
        return [item for item in self.store.list_servers() if is_alive(item.process, now)]

    def _servers_counted(self, servers: list[ServerInfo]) -> None:
        if len(servers) != self.server_count:
            self.server_count = len(servers)
            for header in self.screen.query(Header):
                header.update_if_changed()

    # messages

    def say(
        self, text: str, *, severity: Literal["information", "warning"] = "information"
    ) -> None:
        """Show a remark that goes away by itself."""
        for old in [item for item in self._notifications if item.severity != "error"]:
            self._unnotify(old)
        self.notify(clean_block(text), severity=severity, markup=False)

    def fail(self, error: TuiflowError | str) -> None:
        """Show an error that stays until it is dismissed; once, however often it happens."""
        text = clean_block(error if isinstance(error, str) else error.message)
        if text not in {item.message for item in self._notifications}:
            self.notify(text, severity="error", timeout=STAYS, markup=False)

    def dismiss_messages(self) -> bool:
        """Take away what `say` and `fail` have put up; True where an error was among it."""
        failed = any(item.severity == "error" for item in self._notifications)
        self.clear_notifications()
        return failed

    def copy(self, text: str, what: str) -> None:
        """Copy through the terminal (OSC 52), and through the tmux it is in, and say so."""
        from tuiflow.tui.clipboard import in_tmux, send_through_tmux

        self.copy_to_clipboard(text)
        said = f"{what} sent to the terminal's clipboard"
        if in_tmux() and isinstance(self.screen, StoreScreen):
            self.screen.ask("copy", lambda: send_through_tmux(text), lambda _: self.say(said))
        else:
            self.say(said)

    # actions of everywhere

    def action_runs(self) -> None:
        self._go("runs")

    def action_models(self) -> None:
        self._go("models")

    def action_servers(self) -> None:
        self._go("servers")

    def _go(self, mode: str) -> None:
        """Switch to a place as it was left; back to its first screen when it is there already."""
        if self.current_mode != mode:
            self.switch_mode(mode)
            return
        while len(self.screen_stack) > 1:
            self.pop_screen()

    def action_help(self) -> None:
        from tuiflow.tui.modals.help import HelpModal

        screen = self.screen
        if isinstance(screen, StoreScreen):
            about = self.keyed(screen.told_help())
            self.push_screen(HelpModal(screen.usable_actions(), about))

    def action_jump(self) -> None:
        """Put a letter over each thing on the screen that one can go to."""
        from tuiflow.tui.jumps import jumps
        from tuiflow.tui.modals.jump import JumpModal

        self.push_screen(JumpModal(jumps(self.screen)), lambda place: place and place.go())

    def action_palette(self) -> None:
        from tuiflow.tui.palette import open_palette

        open_palette(self)

    def _first_theme(self) -> str:
        """The theme of the config file, else the one that was chosen last on this store."""
        if self.no_color:
            return ANSI_THEMES[0]
        chosen = self.settings.theme or self.store.get_state("theme") or ""
        return chosen if chosen in self.available_themes else self._theme_unless_chosen

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return theme_variables(self.current_theme)

    def action_theme(self) -> None:
        self._wear(LIGHT.name if self.current_theme.dark else DARK.name)

    def action_themes(self) -> None:
        from tuiflow.tui.modals.themes import ThemesModal

        names = [name for name in THEMES if name in self.available_themes]
        self.push_screen(ThemesModal(names, self.theme), self._wear)

    def _wear(self, name: str | None) -> None:
        """Put on a theme, and remember it."""
        if name is None:
            return
        self.theme = name
        self.store.put_state("theme", name)
        if self.settings.theme not in (None, name):
            self.say(f"{name} until the app ends: the config file names {self.settings.theme}")

    def action_redraw(self) -> None:
        """Send the whole screen again."""
        self.wire.forget()
        self.refresh(layout=True)

    def action_suspend(self) -> None:
        self.action_suspend_process()

    async def action_quit(self) -> None:
        """Quit; ask first while servers would end with the app."""
        from tuiflow.tui.modals.confirm import ConfirmModal

        ending = self.ending_servers()
        if not ending or isinstance(self.screen, ConfirmModal):
            self.exit()
            return
        names = [f"{server.run_name} on port {server.port}" for server in ending]
        question = "This server ends" if len(names) == 1 else "These servers end"
        self.push_screen(
            ConfirmModal(f"{question} with the app", names, "Quit"),
            lambda yes: self.exit() if yes else None,
        )

    def ending_servers(self) -> list[ServerInfo]:
        """The servers that end with the app: started in it, and not detached."""
        if not self.started_servers:
            return []
        from tuiflow.serving.process import is_owned

        return [server for server in self.store.list_servers() if is_owned(server)]


def run_app(store: Store, location: Location) -> int:
    """Open the app on the terminal; returns its exit code when it has ended."""
    os.environ.setdefault("TEXTUAL_ANIMATIONS", "none")
    file = settings_path()
    settings, problems = read_settings(file)
    app = TuiflowApp(
        store,
        location_reason=location.reason,
        settings=settings,
        mistakes=told_problems(with_tilde(file), problems) if problems else "",
        first_theme=ANSI_THEMES[0] if Console().color_system == "standard" else DARK.name,
    )
    with ending_on_signals(app):
        app.run()
    return app.return_code or 0


def told_problems(file: str, problems: Sequence[Problem]) -> str:
    """What is wrong in the config file, in a few lines."""
    lines = [f"Config file {file}:", *map(str, problems[:TOLD_PROBLEMS])]
    if len(problems) > TOLD_PROBLEMS:
        lines.append(f"and {len(problems) - TOLD_PROBLEMS} more; `tuiflow config check` tells them")
    return "\n".join(lines)
