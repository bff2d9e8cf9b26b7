"""Choose a name by typing: one that is there, or a new one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from textual import on
from textual.app import ComposeResult
from textual.widgets import Input

from tuiflow.tui.bulk import Chosen
from tuiflow.tui.modals.base import Answer
from tuiflow.tui.modals.listed import ListedModal
from tuiflow.tui.widgets.field import Field
from tuiflow.tui.widgets.rows import Cell, Column, Row, RowsView

_ROWS = 8
_NEW = "+"


class NamesModal(ListedModal[Answer]):
    """A field, and below it the names that have in them what is typed. A name that is not there
    is offered as a new one: first where `new_first`, for then most are new, else last."""

    new_remark = "new"
    new_first = False

    def __init__(self, names: Sequence[str], remarks: Mapping[str, str] | None = None) -> None:
        super().__init__()
        self._names = names
        self._remarks = remarks or {}

    def compose_names(self) -> ComposeResult:
        yield Field(id="name", placeholder="type a name")
        yield RowsView(
            [Column("", flexible=True, fills=True, most=200), Column("")], heading=False, id="names"
        )

    def compose_body(self) -> ComposeResult:
        yield from self.compose_names()

    def on_mount(self) -> None:
        self.query_one("#names").can_focus = False
        self._show_names()
        self.query_one("#name").focus()

    @property
    def rows(self) -> RowsView:
        return self.query_one("#names", RowsView)

    @on(Input.Changed, "#name")
    def _show_names(self) -> None:
        typed = self.query_one("#name", Input).value.strip()
        wanted = typed.casefold()
        found = [name for name in self._names if wanted in name.casefold()]
        found.sort(key=lambda name: (name != typed, not name.casefold().startswith(wanted)))
        rows = [Row(name, (Cell(name, "name"), self._remarks.get(name, ""))) for name in found]
        if typed and typed not in self._names:
            new = Row(_NEW + typed, (typed, Cell(self.new_remark, "dim")))
            rows.insert(0 if self.new_first else len(rows), new)
        self.rows.styles.height = max(min(len(rows), _ROWS), 1)
        self.rows.show(rows, note="There is none yet: type a name")
        self.rows.action_top()

    @property
    def name_chosen(self) -> str | None:
        """The name under the cursor."""
        key = self.rows.key
        if key is None:
            return None
        return key if key in self._names else key.removeprefix(_NEW)

    @on(Input.Submitted, "#name")
    @on(RowsView.Opened, "#names")
    def _entered(self) -> None:
        if self.name_chosen is not None:
            self.chosen(self.name_chosen)

    def chosen(self, name: str) -> None:
        """This name it is."""
        raise NotImplementedError


class MoveModal(NamesModal[str]):
    """Answers the name of the experiment that runs are moved to."""

    keys = (
        "type to search · {field.previous} {field.next} choose · {field.submit} move"
        " · {dialog.cancel} cancel"
    )
    new_remark = "a new experiment"

    def __init__(self, chosen: Chosen, names: Sequence[str]) -> None:
        here = {run.info.experiment_name for run in chosen.first}
        all_known = len(chosen) <= len(chosen.first)
        if all_known and len(here) == 1:
            names = [name for name in names if name not in here]
        super().__init__(names)
        self.heading = f"Move {chosen.title} to"

    def chosen(self, name: str) -> None:
        self.dismiss(name)
