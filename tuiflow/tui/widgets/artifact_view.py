"""One artifact, shown as what it is: lines, a table, a tree, a page, an image, or a few facts."""

from __future__ import annotations

from pathlib import PurePosixPath

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from tuiflow import text
from tuiflow.tui.bulk import plural
from tuiflow.tui.preview import Kind, Preview
from tuiflow.tui.widgets.file_view import FileView, Reader
from tuiflow.tui.widgets.json_view import JsonView
from tuiflow.tui.widgets.lines import FixedLines
from tuiflow.tui.widgets.picture import PictureView

_NOTES = {
    Kind.IMAGE: "It is not drawn.",
    Kind.BINARY: "Not text, so there is nothing to show; w saves it.",
}


class ArtifactView(Vertical):
    """A title and, below, the artifact."""

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._path = ""
        self._remarks: tuple[str, ...] = ()
        self._front: str = "reader"

    def compose(self) -> ComposeResult:
        yield Static(id="preview-title")
        yield Reader(view="preview-lines", id="preview-reader")
        yield JsonView(id="preview-json")
        yield PictureView(id="preview-picture")

    def on_mount(self) -> None:
        self._turn_to("reader")

    @property
    def reader(self) -> Reader:
        return self.query_one("#preview-reader", Reader)

    def front(self) -> Widget:
        """What takes the focus when the artifact is gone into."""
        if self._front == "json":
            return self.query_one(JsonView).rows
        page = self.query("#preview-markdown")
        return page.first() if page else self.reader.view

    def _turn_to(self, name: str) -> None:
        self._front = name
        self.query_one("#preview-reader").display = name == "reader"
        self.query_one("#preview-json").display = name == "json"
        picture = self.query_one("#preview-picture", PictureView)
        picture.display = name == "picture"
        if name != "picture":
            picture.clear()

    def say(self, path: str, facts: str = "", note: str = "") -> None:
        """Show a sentence in the place of an artifact."""
        self._head(path, facts)
        self._turn_to("reader")
        self.reader.view.show(FixedLines(), note=note)
        self._draw_head()  # it may have counted the lines of another file
        self.call_later(self._drop_page)

    def show(self, path: str, preview: Preview) -> None:
        same = path == self._path and preview.kind is Kind.TEXT
        shown = f"showing {preview.notice}" if preview.lines and preview.notice else ""
        self._head(path, preview.facts, shown)
        self.call_later(self._drop_page)
        if preview.tree is not None:
            self._turn_to("json")
            self.query_one(JsonView).show(preview.tree)
        elif preview.image is not None:
            self._turn_to("picture")
            self.query_one(PictureView).show(preview.image)
        elif preview.kind is Kind.MARKDOWN and preview.source.strip():
            self._turn_to("page")
            self.call_later(self._show_page, path, preview.source)
        else:
            self._turn_to("reader")
            self._show_lines(preview, same)

    def _show_lines(self, preview: Preview, same: bool) -> None:
        view = self.reader.view
        if preview.opens is not None:
            view.show(FixedLines())
            view.open(preview.opens, "This file is empty.", header=preview.header)
        elif same and view.lines is None:
            view.replace(FixedLines(preview.lines, preview.spans))
        else:
            note = preview.notice or _NOTES.get(preview.kind, "This file is empty.")
            lines = FixedLines(preview.lines, preview.spans)
            view.show(lines, header=preview.header, note=note)
        self._draw_head()  # it may have counted the lines of another file

    # the title

    def _head(self, path: str, *remarks: str) -> None:
        self._path, self._remarks = path, remarks
        self._draw_head()

    @on(FileView.Changed)
    def _draw_head(self) -> None:
        view = self.reader.view
        found = ""
        if self._front == "reader" and view.lines is not None and view.lines.gap is None:
            found = plural(view.lines.line_count, "line")
        remark = " · ".join(
            part for part in (*self._remarks, found) if part not in ("", "showing ")
        )
        title = self.query_one("#preview-title", Static)
        title.display = bool(self._path)
        title.update(
            Content.assemble(
                (text.clean(PurePosixPath(self._path).name), "bold $foreground"),
                (f"  {remark}", "$dim"),
                (f"  {text.clean(view.remark, 80)}" if view.remark else "", "$warning"),
            ),
            layout=False,
        )

    # Markdown

    async def _drop_page(self) -> None:
        await self.query("#preview-markdown").remove()

    async def _show_page(self, path: str, source: str) -> None:
        # Costly to import, and seldom needed.
        from textual.widgets import Markdown

        await self._drop_page()
        if self._path == path and self._front == "page":
            page = Markdown(source, open_links=False)
            await self.mount(VerticalScroll(page, id="preview-markdown"))
