"""What frames every screen: header, breadcrumb and the hints at the foot."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, ClassVar, cast

from rich.cells import cell_len
from textual import events
from textual.content import Content
from textual.geometry import Region

from tuiflow.text import clean, shorten_middle
from tuiflow.tui.reader import Asks

if TYPE_CHECKING:
    from tuiflow.tui.screens.base import StoreScreen


class Header(Asks):
    """`tuiflow  STORE      1 Runs  2 Models  3 Servers ●n      HOST · 14:02`, one line."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "header--name",
        "header--dim",
        "header--here",
        "header--place",
        "header--live",
    }

    PLACES = (("runs", "app.runs"), ("models", "app.models"), ("servers", "app.servers"))

    def __init__(self, place: str) -> None:
        super().__init__()
        self._place = place
        self._spots: list[tuple[int, int, str]] = []
        self._drawn = ""

    def on_mount(self) -> None:
        self.set_interval(5, self._tick)

    def _tick(self) -> None:
        # A repaint under another screen would repaint that one, too, and whole.
        if self.screen.is_active:
            self.update_if_changed()

    def update_if_changed(self) -> None:
        """Repaint when what would be painted differs from what was."""
        drawn = self._drawn
        if self.render().plain != drawn:
            self.refresh()

    def render(self) -> Content:
        style = self.get_visual_style
        app = self.app
        width = self.size.width
        places: list[Content | tuple[str, object]] = []
        plain = 0
        spots = []
        for place, action_id in self.PLACES:
            item = app.action_of(action_id)
            label = f"{item.shown_key} {item.title}".lstrip()
            here = "header--here" if place == self._place else "header--place"
            spots.append((plain, plain + cell_len(label), action_id))
            places.append(Content.styled(label, style(here)))
            plain += cell_len(label)
            if place == "servers" and app.server_count:
                live = f" ●{app.server_count}"
                places.append(Content.styled(live, style("header--live")))
                plain += cell_len(live)
            places.append(Content("  "))
            plain += 2
        clock = time.strftime("%H:%M", time.localtime(app.clock() / 1000))
        host = clean(app.host.partition(".")[0], 24)
        right = Content.styled(f"{host} · {clock} ", style("header--dim"))
        room = width - plain - right.cell_length - cell_len(" tuiflow  ") - 2
        label = shorten_middle(clean(app.store_label), max(room, 8))
        left = Content.assemble(
            Content.styled(" tuiflow", style("header--name")),
            Content.styled(f"  {label}", style("header--dim")),
        )
        centre = max((width - plain) // 2, left.cell_length + 2)
        centre = max(min(centre, width - plain - right.cell_length), left.cell_length + 2)
        self._spots = [(centre + start, centre + end, name) for start, end, name in spots]
        gap = width - centre - plain - right.cell_length
        content = Content("").join(
            [
                left,
                Content(" " * (centre - left.cell_length)),
                *(part for part in places if isinstance(part, Content)),
                Content(" " * max(gap, 0)),
                right,
            ]
        )
        self._drawn = content.plain
        return content

    def jumps(self) -> Sequence[tuple[int, Callable[[], object]]]:
        """The places, each before its key."""
        return [(start - 1, partial(self._go, name)) for start, _, name in self._spots]

    def _go(self, action_id: str) -> None:
        self.call_later(self.screen.run_action, f"act('{action_id}')")

    def on_click(self, event: events.Click) -> None:
        for start, end, action_id in self._spots:
            if start <= event.x < end:
                self._go(action_id)
                return
        self.app.say(f"Store {self.app.store_label}: {self.app.location_reason}")


class Crumbs(Asks):
    """Where one is: `wine › 1,204 of 98,113 runs › rmse ↑`, with a remark at the right."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"crumbs--part", "crumbs--arrow", "crumbs--right"}

    def __init__(self) -> None:
        super().__init__()
        self._parts: tuple[str | Content, ...] = ()
        self._right: str | Content = ""

    def show(self, *parts: str | Content, right: str | Content = "") -> None:
        """Show these parts, joined by `›`; plain strings are cleaned."""
        if (parts, right) != (self._parts, self._right):
            self._parts, self._right = parts, right
            self.refresh()

    def render(self) -> Content:
        style = self.get_visual_style
        arrow = Content.styled(" › ", style("crumbs--arrow"))
        right = self._styled(self._right, "crumbs--right")
        left = arrow.join([self._styled(part, "crumbs--part") for part in self._parts])
        room = self.size.width - right.cell_length - 3
        if left.cell_length > room:
            left = left.truncate(max(room, 0), ellipsis=True)
        gap = self.size.width - left.cell_length - right.cell_length - 2
        return Content(" ") + left + Content(" " * max(gap, 0)) + right + Content(" ")

    def _styled(self, part: str | Content, name: str) -> Content:
        if isinstance(part, Content):
            return part
        return (
            Content.styled(clean(part, 200), self.get_visual_style(name)) if part else Content("")
        )


class Hints(Asks):
    """The keys that matter here, as many as fit; dim where they can't be used now."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"hints--key", "hints--title", "hints--off"}

    def __init__(self) -> None:
        super().__init__()
        self._spots: list[tuple[int, int, str]] = []
        self._drawn: list[_Hint] = []

    @property
    def _screen(self) -> StoreScreen:
        return cast("StoreScreen", self.screen)

    def update_if_changed(self) -> None:
        """Repaint when another set of hints, or another dimness, is due."""
        new, old = self._fitting(), self._drawn
        if [(hint.id, hint.width) for hint in new] != [(hint.id, hint.width) for hint in old]:
            self.refresh()
            return
        x = 0
        for hint, drawn in zip(new, old, strict=True):
            if hint != drawn:
                self.refresh(Region(x, 0, hint.width, 1))
            x += hint.width

    def _fitting(self) -> list[_Hint]:
        last = self._hint("app.help")
        room = self.size.width - last.width
        fitting: list[_Hint] = []
        for hint in map(self._hint, self._screen.hints()):
            room -= hint.width
            if room < 0:
                break
            fitting.append(hint)
        return [*fitting, last] if all(hint.id for hint in fitting) else fitting

    def _hint(self, hint: str | tuple[str, str]) -> _Hint:
        if isinstance(hint, tuple):
            return _Hint("", self.app.keyed(hint[0]), hint[1], True)
        item = self.app.action_of(hint)
        return _Hint(hint, item.shown_key, item.title, self._screen.why_not(hint) is None)

    def render(self) -> Content:
        style = self.get_visual_style
        self._drawn = self._fitting()
        self._spots = []
        parts: list[Content] = []
        x = 0
        for hint in self._drawn:
            self._spots.append((x, x + hint.width, hint.id))
            x += hint.width
            key, title = ("hints--key", "hints--title") if hint.usable else ("hints--off",) * 2
            if hint.key:
                parts.append(Content.styled(f" {hint.key}", style(key)))
            parts.append(Content.styled(f" {hint.title} ", style(title)))
        return Content("").join(parts)

    def on_click(self, event: events.Click) -> None:
        for start, end, name in self._spots:
            if name and start <= event.x < end:
                self.call_later(self._screen.action_act, name)


@dataclass(frozen=True, slots=True)
class _Hint:
    """`id` is empty for a key that is no action of the table, such as one of a text field; `key`
    for an action that the user has left without one."""

    id: str
    key: str
    title: str
    usable: bool

    @property
    def width(self) -> int:
        return cell_len(f" {self.key} {self.title} " if self.key else f" {self.title} ")
