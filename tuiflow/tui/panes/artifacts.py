"""Artifacts: the tree of a run's files, and a look into the one under the cursor."""

from __future__ import annotations

from functools import partial
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.widget import Widget

from tuiflow import text
from tuiflow.entities import FileInfo, Run
from tuiflow.errors import NotFound, TuiflowError
from tuiflow.tui.actions import bindings
from tuiflow.tui.panes.base import RunPane
from tuiflow.tui.preview import Preview, read_preview
from tuiflow.tui.widgets.artifact_view import ArtifactView
from tuiflow.tui.widgets.rows import Cell, Column, Row, RowsView

if TYPE_CHECKING:
    from tuiflow.store.copy_out import Copied

MOST_ENTRIES = 1000
"""Entries of one folder that are listed."""
PREVIEW_DELAY = 0.08
_MORE = "\0more"
"""Ends the key of the row that stands for the entries left out; no path can."""


class ArtifactsPane(RunPane):
    """The tree left, the preview right. Folders are read when they are opened."""

    HELP = (
        "The files of the run. {lists.right} and {lists.left} open and close folders; the "
        "file under the cursor is shown beside them."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings("lists.left", "lists.right", "run.search", "run.download")
    ]

    def __init__(self, run: Run) -> None:
        super().__init__(run)
        self._folders: dict[str, list[FileInfo]] = {}
        self._open: set[str] = {""}
        self._entries: dict[str, FileInfo] = {}
        self._previewed: tuple[str, int | None] | None = None
        """The path and size of the artifact under the cursor; `_shown` once it has been read."""
        self._shown: tuple[str, int | None] | None = None
        self._enters = False
        self._saved_count = 0

    def compose(self) -> ComposeResult:
        with Horizontal():
            yield RowsView(
                [
                    Column("artifact", flexible=True, fills=True, most=200),
                    Column("size", right=True),
                ],
                heading=False,
                id="artifacts",
            )
            yield ArtifactView(id="preview")

    def front(self) -> Widget:
        return self._tree

    @property
    def _view(self) -> ArtifactView:
        return self.query_one("#preview", ArtifactView)

    def clear_something(self) -> bool:
        if self._view.reader.clear_something():
            return True
        if self._tree.has_focus or not self._tree.display:
            return False
        self._tree.focus()
        return True

    @property
    def _tree(self) -> RowsView:
        return self.query_one("#artifacts", RowsView)

    # the tree

    def load(self) -> None:
        run_id, folders = self.run.info.run_id, sorted(self._open)

        def question() -> dict[str, list[FileInfo]]:
            found = {}
            for folder in folders:
                try:
                    found[folder] = self.store.list_artifacts(run_id, folder)
                except NotFound:
                    if not folder:
                        raise
            return found

        self.ask("tree", question, self._listed)

    def _listed(self, folders: dict[str, list[FileInfo]]) -> None:
        self._folders = folders
        self._open &= folders.keys()
        self._entries = {item.path: item for items in folders.values() for item in items}
        self._tree.show(list(self._rows("", 0)))
        self._tree.display = self._tree.key is not None
        if self._tree.key is None:
            self._previewed = None
            self._view.say("", note="No artifacts were logged.")

    def _rows(self, folder: str, depth: int) -> list[Row]:
        rows: list[Row] = []
        items = self._folders.get(folder, [])
        # Folders first, as in every file manager.
        for item in sorted(items, key=lambda item: not item.is_dir)[:MOST_ENTRIES]:
            name = PurePosixPath(item.path).name
            opened = item.path in self._open
            sign = ("▾ " if opened else "▸ ") if item.is_dir else "  "
            size = "" if item.is_dir else text.size(item.file_size)
            label = Cell("  " * depth + sign + name, "name" if item.is_dir else "")
            rows.append(Row(item.path, (label, Cell(size, "dim"))))
            if item.is_dir and opened:
                rows += self._rows(item.path, depth + 1)
        if len(items) > MOST_ENTRIES:
            label = Cell("  " * depth + f"  … {len(items) - MOST_ENTRIES:,} more", "dim")
            rows.append(Row(folder + _MORE, (label, "")))
        return rows

    def action_right(self) -> None:
        item = self._entries.get(self._tree.key or "")
        if item is not None and item.is_dir:
            self._open.add(item.path)
            self.load()

    def action_left(self) -> None:
        key = self._tree.key
        if key is None:
            return
        if key in self._open:
            self._open = {path for path in self._open if not _within(path, key)}
            self.load()
        elif "/" in key:
            self._tree.go_to(key.rpartition("/")[0])

    @on(RowsView.Opened, "#artifacts")
    def _toggle(self, event: RowsView.Opened) -> None:
        item = self._entries.get(event.key)
        if item is None:
            return
        if not item.is_dir:
            self._enter()
        elif item.path in self._open:
            self.action_left()
        else:
            self.action_right()

    # the preview

    @on(RowsView.Moved, "#artifacts")
    def _moved(self) -> None:
        item = self._entries.get(self._tree.key or "")
        if item is None:
            return
        if item.is_dir:
            self._previewed = self._shown = None
            self.forget("preview")
            self._view.say(item.path, "folder; enter opens it, w saves it")
            return
        mark = (item.path, item.file_size)
        if mark == self._previewed:
            return
        self._previewed, self._enters = mark, False
        self._ask_preview(PREVIEW_DELAY)

    def _ask_preview(self, delay: float) -> None:
        if self._previewed is None:
            return
        run_id, path = self.run.info.run_id, self._previewed[0]

        def question() -> Preview:
            try:
                return read_preview(self.store.artifact_path(run_id, path))
            except OSError as error:
                reason = error.strerror or str(error)
                raise NotFound(f"This artifact can't be read: {reason}.") from None

        self.ask("preview", question, self._show, failed=self._failed, delay=delay)

    def _failed(self, error: TuiflowError) -> None:
        path = self._previewed[0] if self._previewed else ""
        self._view.say(path, note=error.message)
        self._read()

    def _show(self, preview: Preview) -> None:
        self._view.show(self._previewed[0] if self._previewed else "", preview)
        self._read()

    def _read(self) -> None:
        self._shown = self._previewed
        if self._enters:
            self._enter()

    def _enter(self) -> None:
        """Go into the artifact under the cursor, which may not have been read yet."""
        self._enters = self._shown != self._previewed
        if self._enters:
            self._ask_preview(0)
        else:
            self._view.call_later(lambda: self._view.front().focus())

    def action_search(self) -> None:
        self._view.reader.action_search()

    # saving

    def action_download(self) -> None:
        from tuiflow.tui.modals.download import DownloadModal

        item = self._entries.get(self._tree.key or "")
        if item is None:
            self.app.say("There is no artifact here to save", severity="warning")
            return
        name = PurePosixPath(item.path).name
        self.app.push_screen(
            DownloadModal(f"Save {name}", name), partial(self._download, item.path)
        )

    def _download(self, path: str, answer: tuple[Path, bool] | None) -> None:
        if answer is None:
            return
        target, replace = answer
        run_id = self.run.info.run_id

        def write() -> Copied:
            return self.store.copy_artifact_out(run_id, path, target, replace)

        self._saved_count += 1
        self.app.say(f"Saving {text.clean(path, 60)} …")
        # A topic of its own: a copy that is being made must not be dropped for the next one.
        self.ask(f"save-{self._saved_count}", write, partial(self._saved, target))

    def _saved(self, target: Path, copied: Copied) -> None:
        left = f"; {len(copied.left_out)} links left out" if copied.left_out else ""
        files = "" if copied.files == 1 else f"{copied.files:,} files, "
        self.app.say(f"Saved {target} ({files}{text.size(copied.size)}){left}")


def _within(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder + "/")
