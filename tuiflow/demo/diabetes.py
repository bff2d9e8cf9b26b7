"""A grid of ElasticNets on the diabetes table, after a run that fails."""

from __future__ import annotations

import contextlib
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from itertools import product

import numpy as np
import pandas as pd
from sklearn.datasets import load_diabetes
from sklearn.linear_model import ElasticNet
from sklearn.metrics import mean_absolute_error, mean_squared_error, r2_score
from sklearn.model_selection import KFold, cross_val_score, train_test_split

import tuiflow
from tuiflow.config import RUN_LOG
from tuiflow.demo import picture
from tuiflow.entities import TAG_NOTE

ALPHAS = (1.0, 0.2, 0.05, 0.01, 0.001)
L1_RATIOS = (0.1, 0.5, 0.7, 0.95)


@dataclass(frozen=True, slots=True)
class Split:
    train_x: pd.DataFrame
    test_x: pd.DataFrame
    train_y: pd.Series[float]
    test_y: pd.Series[float]


def fill(done: Callable[[], None]) -> None:
    """Train and log all runs; `done` is called after each."""
    table, target = load_diabetes(return_X_y=True, as_frame=True)
    data = Split(*train_test_split(table, target, random_state=40))
    tuiflow.set_experiment("diabetes")
    _fail(data)
    done()
    best: tuple[float, str] | None = None
    for alpha, l1_ratio in product(ALPHAS, L1_RATIOS):
        rmse, run_id = _train(data, alpha, l1_ratio)
        if best is None or rmse < best[0]:
            best = (rmse, run_id)
        done()
    assert best is not None
    client = tuiflow.MlflowClient()
    client.set_tag(best[1], "stage", "candidate")
    client.set_tag(best[1], TAG_NOTE, "The best of the grid: little shrinking is enough here.")


def _train(data: Split, alpha: float, l1_ratio: float) -> tuple[float, str]:
    """Log one point of the grid; returns its test RMSE and run id."""
    name = f"elasticnet-{alpha:g}-{l1_ratio:g}"
    with tuiflow.start_run(run_name=name, tags={"stage": "grid", "family": "linear"}) as run:
        tuiflow.log_params({"alpha": alpha, "l1_ratio": l1_ratio, "model": "ElasticNet"})
        model = ElasticNet(alpha=alpha, l1_ratio=l1_ratio, random_state=42)
        folds = KFold(5, shuffle=True, random_state=0)
        scores = -cross_val_score(
            model, data.train_x, data.train_y, cv=folds, scoring="neg_root_mean_squared_error"
        )
        for fold, score in enumerate(scores):
            tuiflow.log_metric("cv/rmse", score, step=fold)
        model.fit(data.train_x, data.train_y)
        predicted = model.predict(data.test_x)
        metrics = {
            "rmse": float(np.sqrt(mean_squared_error(data.test_y, predicted))),
            "mae": float(mean_absolute_error(data.test_y, predicted)),
            "r2": float(r2_score(data.test_y, predicted)),
        }
        tuiflow.log_metrics(metrics)
        coefficients = pd.Series(model.coef_, index=data.train_x.columns, name="coefficient")
        tuiflow.log_text(coefficients.to_csv(index_label="feature"), "coefficients.csv")
        zeros = int((coefficients == 0).sum())
        tuiflow.log_dict(
            {"iterations": int(model.n_iter_), "zero_coefficients": zeros, **metrics},
            "summary.json",
        )
        plot = picture.scatter(np.asarray(data.test_y, dtype=np.float64), predicted)
        tuiflow.log_figure(plot, "plots/predicted_vs_actual.png")
        lines = [f"fold {fold}: rmse {score:.3f}" for fold, score in enumerate(scores)]
        lines.append(f"{len(data.train_x)} rows fitted in {model.n_iter_} iterations")
        lines += [f"test {key}: {value:.4f}" for key, value in metrics.items()]
        tuiflow.log_text("\n".join(lines) + "\n", RUN_LOG)
        tuiflow.sklearn.log_model(
            model,
            "model",
            signature=tuiflow.models.infer_signature(data.test_x, predicted),
            input_example=data.test_x.head(2),
        )
    return metrics["rmse"], run.info.run_id


def _fail(data: Split) -> None:
    """A negative alpha: scikit-learn refuses it, and the run has failed."""
    with (
        contextlib.suppress(ValueError),
        tuiflow.start_run(
            run_name="elasticnet-negative",
            tags={"stage": "grid", "family": "linear"},
            description="Fails on purpose: alpha must not be negative.",
        ),
    ):
        tuiflow.log_params({"alpha": -1.0, "l1_ratio": 0.5, "model": "ElasticNet"})
        try:
            ElasticNet(alpha=-1.0).fit(data.train_x, data.train_y)
        except ValueError:
            tuiflow.log_text(traceback.format_exc(), RUN_LOG)
            raise
