"""A JSON value as a tree: names left, values right; what is under the cursor in full below."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from tuiflow.tui.actions import bindings
from tuiflow.tui.json_tree import JsonTree, Node
from tuiflow.tui.widgets.rows import Cell, Column, Row, RowsView, Tone


class JsonView(Vertical):
    """Folds with h, l and enter."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("lists.left", "lists.right")]

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._json = JsonTree(None)
        self._by_path: dict[str, Node] = {}

    def compose(self) -> ComposeResult:
        yield RowsView(
            [Column("name", flexible=True, most=48), Column("value", flexible=True, most=400)],
            heading=False,
            id="json",
        )
        yield Static(id="json-value")

    @property
    def rows(self) -> RowsView:
        return self.query_one("#json", RowsView)

    def show(self, tree: JsonTree) -> None:
        """Show another value, from its beginning."""
        self._json = tree
        self.rows.show([])
        self._fill()

    def _fill(self) -> None:
        nodes = self._json.rows()
        self._by_path = {node.path: node for node in nodes}
        self.rows.show([_row(node) for node in nodes])
        self._tell()

    @on(RowsView.Moved)
    def _moved(self, event: RowsView.Moved) -> None:
        event.stop()
        self._tell()

    def _tell(self) -> None:
        node = self._by_path.get(self.rows.key or "")
        value = "" if node is None else node.value
        self.query_one("#json-value", Static).update(
            Content.styled(value, "$foreground"), layout=False
        )

    @on(RowsView.Opened)
    def _opened(self, event: RowsView.Opened) -> None:
        event.stop()
        node = self._by_path.get(event.key)
        if node is not None and (node.folds is not None or node.is_rest):
            self._toggle(node)

    def _toggle(self, node: Node) -> None:
        self._json.toggle(node.path)
        self._fill()

    def action_right(self) -> None:
        node = self._by_path.get(self.rows.key or "")
        if node is not None and node.folds:
            self._toggle(node)

    def action_left(self) -> None:
        node = self._by_path.get(self.rows.key or "")
        if node is None:
            return
        if node.folds is False:
            self._toggle(node)
        else:
            self.rows.go_to(node.path.rpartition("/")[0])


def _row(node: Node) -> Row:
    sign = "  " if node.folds is None else "▸ " if node.folds else "▾ "
    name = "  " * node.depth + ("" if node.is_rest else sign) + node.name
    name_tone: Tone = "dim" if node.is_rest else "name"
    return Row(node.path, (Cell(name, name_tone), Cell(node.value, _tone(node))))


def _tone(node: Node) -> Tone:
    if node.folds is not None:
        return "dim"
    if node.value.startswith('"'):
        return "good"
    return "warn" if node.value in ("true", "false", "null") else ""
