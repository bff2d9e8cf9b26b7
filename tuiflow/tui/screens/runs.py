"""The home screen: experiments beside runs."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import BindingType

from tuiflow.tui.actions import bindings
from tuiflow.tui.screens.base import StoreScreen


class RunsScreen(StoreScreen):
    """All runs of an experiment, filtered and sorted."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("runs")]

    def on_mount(self) -> None:
        self.crumbs.show("runs")
