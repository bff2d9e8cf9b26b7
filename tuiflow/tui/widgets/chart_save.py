"""A chart asks for a file and is saved to it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from tuiflow.errors import TuiflowError
from tuiflow.text import clean
from tuiflow.tui.reader import Asks

if TYPE_CHECKING:
    from tuiflow.charts.export import Chart

FORMATS = ".svg, .png, .pdf or .csv"


def ask_and_save(asks: Asks, name: str, make: Callable[[], Chart]) -> None:
    """Ask for a file and save what `make` gives: the chart as it was when the key was pressed."""
    from tuiflow.tui.modals.export import ExportModal

    chart = make()

    def chosen(path: Path | None) -> None:
        if path is not None:
            asks.ask("save-chart", lambda: _save(chart, path), said, failed=failed)

    def said(path: Path) -> None:
        asks.app.say(f"Saved {clean(str(path))}")

    def failed(error: TuiflowError) -> None:
        asks.app.fail(error)

    asks.app.push_screen(
        ExportModal(f"Save the chart as {FORMATS}", f"{file_name(name)}.svg"), chosen
    )


def file_name(name: str) -> str:
    """A name that a file may have, without its ending."""
    return (
        "".join(char if char.isalnum() or char in "-_." else "-" for char in name)[:60] or "chart"
    )


def _save(chart: Chart, path: Path) -> Path:
    from tuiflow.charts.export import save

    save(chart, path)
    return path
