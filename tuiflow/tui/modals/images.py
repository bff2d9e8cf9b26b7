"""An image of two runs, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Static

from tuiflow.diff import Detail
from tuiflow.tui.modals.base import Modal
from tuiflow.tui.pictures import NoPicture, read_picture
from tuiflow.tui.widgets.picture import PictureView

if TYPE_CHECKING:
    from PIL.Image import Image


def read_pictures(detail: Detail) -> list[Image | str]:
    """Both images, or why one can't be shown."""
    found: list[Image | str] = []
    for path in detail.paths:
        try:
            found.append("This run has none." if path is None else read_picture(path))
        except NoPicture as reason:
            found.append(str(reason))
    return found


class ImagesModal(Modal[None]):
    """Shows the `pictures` of a detail, each under its run's name and over its path."""

    keys = "{dialog.cancel} close"

    def __init__(self, detail: Detail, pictures: Sequence[Image | str]) -> None:
        super().__init__()
        self.heading = detail.title
        self._detail = detail
        self._pictures = pictures

    def compose_body(self) -> ComposeResult:
        with Horizontal(id="images"):
            for number, picture in enumerate(self._pictures):
                with Vertical():
                    yield Static(Content(self._detail.names[number]))
                    if isinstance(picture, str):
                        yield Static(Content(picture), classes="images--reason")
                    else:
                        yield PictureView(id=f"image-{number}")
        yield Static(Content(self._detail.note), classes="images--note")

    def on_mount(self) -> None:
        for number, picture in enumerate(self._pictures):
            if not isinstance(picture, str):
                self.query_one(f"#image-{number}", PictureView).show(picture)
