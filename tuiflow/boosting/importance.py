"""Feature importance, as a JSON file and as a picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from tuiflow.sklearn.plots import DPI, plots_are_possible, say_what_is_missing
from tuiflow.tracking import record
from tuiflow.tracking.autolog.session import Session

MAX_DRAWN = 60
"""The picture shows as many features, the most important ones."""

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
    figure = Figure(figsize=(6.4, 4.8 + 0.15 * max(len(order) - 10, 0)), dpi=DPI, layout="tight")
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
    ax.set_yticks(range(len(order)), [name.replace("$", r"\$") for name in order])
    ax.set_xlabel("Importance")
    some = f", the first {len(order)} of {len(rows)}" if len(order) < len(rows) else ""
    ax.set_title(f"Feature Importance ({kind}{some})")
    if classes > 1:
        ax.legend()
    figure.savefig(path, format="png", dpi=DPI, pil_kwargs={"compress_level": 3})


def _numbers(value: float | Sequence[float]) -> list[float]:
    return [float(one) for one in value] if isinstance(value, Sequence) else [float(value)]
