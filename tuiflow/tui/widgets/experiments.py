"""The experiments beside the runs; moving the cursor there shows other runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from textual.message import Message
from textual.timer import Timer

from tuiflow.entities import Experiment, ExperimentCounts
from tuiflow.tui.widgets.rows import Cell, Column, Row, RowsView

ALL = "all"
DELAY_SECONDS = 0.12
"""How long the cursor must rest before the runs change."""


class Experiments(RowsView):
    """`all`, then each experiment with its active runs and ⏵ where some are running."""

    HELP = (
        "The experiments with the number of their runs; ⏵ where some are running. "
        "{lists.open} shows the runs of one and goes over to them."
    )

    class Chosen(Message):
        """Show this experiment's runs, all where None; `leave`: and go over to them."""

        def __init__(self, experiment_id: str | None, leave: bool) -> None:
            super().__init__()
            self.experiment_id = experiment_id
            self.leave = leave

    def __init__(self) -> None:
        columns = [Column("", flexible=True, fills=True), Column("", right=True), Column("")]
        super().__init__(columns, heading=False)
        self._timer: Timer | None = None

    def show_experiments(
        self,
        experiments: Sequence[Experiment],
        counts: Mapping[str, ExperimentCounts],
        chosen: str | None,
    ) -> None:
        """List these; the cursor goes to the one chosen unless somebody is moving it."""
        none = ExperimentCounts(0, 0)
        total = sum(count.active for count in counts.values())
        running = sum(count.running for count in counts.values())
        rows = [_row(ALL, ALL, ExperimentCounts(total, running))]
        rows += [
            _row(item.experiment_id, item.name, counts.get(item.experiment_id, none))
            for item in experiments
        ]
        first = not self.row_count
        with self.prevent(RowsView.Moved):
            self.show(rows)
            if first or not self.has_focus:
                self.go_to(chosen or ALL)

    def on_rows_view_moved(self, event: RowsView.Moved) -> None:
        event.stop()
        self._stop_timer()
        self._timer = self.set_timer(DELAY_SECONDS, self._choose)

    def on_rows_view_opened(self, event: RowsView.Opened) -> None:
        event.stop()
        self._choose(leave=True)

    def _choose(self, leave: bool = False) -> None:
        self._stop_timer()
        if self.key is not None:
            self.post_message(self.Chosen(None if self.key == ALL else self.key, leave))

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.stop()
            self._timer = None


def _row(key: str, name: str, counts: ExperimentCounts) -> Row:
    live = Cell("⏵" if counts.running else " ", "good")
    return Row(key, (name, Cell(f"{counts.active:,}", "dim"), live))
