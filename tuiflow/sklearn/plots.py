"""Pictures of a fitted classifier: confusion matrix, ROC and precision-recall curve."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tuiflow.sklearn.fit_data import FitData
from tuiflow.sklearn.kinds import PREFIX
from tuiflow.sklearn.settings import config
from tuiflow.tracking.autolog.switches import log

DPI = 150

_said = False


def plots_are_possible() -> bool:
    return importlib.util.find_spec("matplotlib") is not None


def say_what_is_missing() -> None:
    """Once in a process."""
    global _said
    if not _said and not config().silent:
        _said = True
        log.warning(
            "Confusion matrices and curves are left out without Matplotlib; `pip install"
            " 'tuiflow[plot]'` brings it."
        )


def plots_of(estimator: Any, data: FitData) -> dict[str, Callable[[Path], None]]:
    """File name → what draws it as a PNG file; the curves only for two classes."""
    from sklearn import metrics

    y, weight = data.labels(), data.weight
    labels = getattr(estimator, "classes_", None)
    classes = set(y) if labels is None else labels
    common = {"X": data.X, "y": y, "sample_weight": weight}

    def matrix(path: Path) -> None:
        size = min(8.0, 50.0 / len(classes))
        _draw(
            path,
            "Normalized confusion matrix",
            lambda ax: metrics.ConfusionMatrixDisplay.from_estimator(
                estimator, **common, normalize="true", cmap="Blues", ax=ax
            ),
            size,
            labelled=True,
        )

    def roc(path: Path) -> None:
        _draw(
            path,
            "ROC curve",
            lambda ax: metrics.RocCurveDisplay.from_estimator(estimator, **common, ax=ax),
        )

    def precision_recall(path: Path) -> None:
        _draw(
            path,
            "Precision recall curve",
            lambda ax: metrics.PrecisionRecallDisplay.from_estimator(estimator, **common, ax=ax),
        )

    found: dict[str, Callable[[Path], None]] = {f"{PREFIX}confusion_matrix.png": matrix}
    if len(set(y)) == 2:
        found[f"{PREFIX}roc_curve.png"] = roc
        found[f"{PREFIX}precision_recall_curve.png"] = precision_recall
    return found


def _draw(
    path: Path,
    title: str,
    draw: Callable[[Any], Any],
    font: float = 8.0,
    *,
    labelled: bool = False,
) -> None:
    """Draw a 900 × 600 PNG file; with `labelled`, margins that long names of classes fit into."""
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    # A figure of one's own: pyplot keeps figures, opens windows and belongs to one thread.
    with matplotlib.rc_context({"font.size": font, "axes.labelsize": 8.0, "axes.titlesize": 9.6}):
        # Finding the margins takes as long as drawing.
        figure = Figure(figsize=(6.0, 4.0), dpi=DPI, layout="tight" if labelled else None)
        FigureCanvasAgg(figure)
        ax = figure.subplots()
        draw(ax)
        ax.set_title(title)
        figure.savefig(path, format="png", dpi=DPI, pil_kwargs={"compress_level": 3})
