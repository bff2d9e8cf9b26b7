"""A line for whoever opens a store for the first time; the first key takes it away for good."""

from __future__ import annotations

from typing import ClassVar

from textual.content import Content

from tuiflow.tui.reader import Asks

WELCOMED = "welcomed"
"""Under which name the store remembers that somebody has seen it."""


class Welcome(Asks):
    """Says which keys lead to all others."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"welcome--key"}

    def render(self) -> Content:
        style = self.get_visual_style("welcome--key")
        parts: list[Content] = [Content(" New here? ")]
        for action_id, text in (
            ("app.help", "lists the keys of where you are"),
            ("app.palette", "finds what can be done"),
        ):
            parts += [
                Content.styled(f" {self.app.action_of(action_id).shown_key} ", style),
                Content(f"{text}  "),
            ]
        return Content("").join(parts)
