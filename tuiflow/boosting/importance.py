"""Feature importance, as a JSON file and as a picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from tuiflow.sklearn.plots import plots_are_possible, say_what_is_missing
from tuiflow.tracking import record
from tuiflow.tracking.autolog.session import Session

DPI = 110
MAX_DRAWN = 40
"""The picture shows as many features, the most important ones."""

MAX_NAME = 40

Importance = Mapping[str, float | Sequence[float]]
"""Feature → its importance, or one for each class."""


def log_importance(session: Session, kind: str, importance: Importance) -> None:
    """Log `feature_importance_KIND.json` and, where there is something to draw, `….png`."""
    name = f"feature_importance_{kind}"
    with session.attempt(f"{name}.json"):
        record.log_dict(session.store, session.run_id, dict(importance), f"{name}.json")
    if not importance:
        return
    if not plots_are_possible():
        say_what_is_missing()
        return
    with (
        session.attempt(f"{name}.png"),
        session.store.writing_artifact(session.run_id, f"{name}.png") as part,
    ):
        _draw(part, kind, importance)


def _draw(path: Path, kind: str, importance: Importance) -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    rows = {name: _numbers(value) for name, value in importance.items()}
    order = sorted(rows, key=lambda name: sum(map(abs, rows[name])))[-MAX_DRAWN:]
    classes = max(len(values) for values in rows.values())
    # Finding the margins by drawing would take as long as the picture.
    tall = 4.8 + 0.15 * max(len(order) - 10, 0)
    names = 0.07 * min(max(map(len, order)), MAX_NAME) + 0.3
    figure = Figure(figsize=(4.4 + names, tall), dpi=DPI)
    figure.subplots_adjust(
        left=names / (4.4 + names), right=0.97, top=1 - 0.4 / tall, bottom=0.6 / tall
    )
    FigureCanvasAgg(figure)
    ax = figure.subplots()
    height = 0.8 / classes if classes > 1 else 0.5
    for index in range(classes):
        offset = (index - (classes - 1) / 2) * height
        ax.barh(
            [place + offset for place in range(len(order))],
            [rows[name][index] if index < len(rows[name]) else 0.0 for name in order],
            height=height,
            label=f"Class {index}" if classes > 1 else None,
        )
    # Names of features are the data's: no math text.
    labels = [name[:MAX_NAME].replace("$", r"\$") for name in order]
    ax.set_yticks(range(len(order)), labels, fontsize=8)
    ax.tick_params(axis="y", length=0)
    ax.set_xlabel("Importance")
    some = f", the first {len(order)} of {len(rows)}" if len(order) < len(rows) else ""
    ax.set_title(f"Feature Importance ({kind}{some})")
    if classes > 1:
        ax.legend()
    figure.savefig(path, format="png", dpi=DPI, pil_kwargs={"compress_level": 3})


def _numbers(value: float | Sequence[float]) -> list[float]:
    return [float(one) for one in value] if isinstance(value, Sequence) else [float(value)]
