"""A random search whose trials are children of one run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import accuracy_score, log_loss, roc_auc_score
from sklearn.model_selection import train_test_split

import tuiflow
from tuiflow.config import RUN_LOG

TRIALS = 10


@dataclass(frozen=True, slots=True)
class _Trial:
    params: dict[str, Any]
    auc: float
    model: RandomForestClassifier


def fill(done: Callable[[], None]) -> None:
    """Train and log all runs; `done` is called after each."""
    table, target = load_breast_cancer(return_X_y=True, as_frame=True)
    data = train_test_split(table, target, random_state=3, stratify=target)
    random = np.random.default_rng(11)
    tuiflow.set_experiment("breast-cancer")
    with tuiflow.start_run(
        run_name="random-search",
        tags={"stage": "search"},
        description=f"{TRIALS} random forests; the trials are nested runs, the best is kept here.",
    ):
        tuiflow.log_params({"trials": TRIALS, "model": "RandomForest", "seed": 11})
        trials: list[_Trial] = []
        for number in range(TRIALS):
            trials.append(_try(number, random, data))
            best = max(trials, key=lambda trial: trial.auc)
            tuiflow.log_metric("best/auc", best.auc, step=number)
            done()
        rows = [{"trial": i, **trial.params, "auc": trial.auc} for i, trial in enumerate(trials)]
        tuiflow.log_text(pd.DataFrame(rows).to_csv(index=False), "trials.csv")
        tuiflow.log_dict({"params": best.params, "auc": best.auc}, "best.json")
        lines = [f"trial {row['trial']}: auc {row['auc']:.4f}" for row in rows]
        tuiflow.log_text("\n".join(lines) + "\n", RUN_LOG)
        test_x = data[1]
        tuiflow.sklearn.log_model(
            best.model,
            "model",
            signature=tuiflow.models.infer_signature(test_x, best.model.predict(test_x)),
            input_example=test_x.head(2),
        )
    done()


def _try(number: int, random: np.random.Generator, data: list[Any]) -> _Trial:
    train_x, test_x, train_y, test_y = data
    params = {
        "n_estimators": int(random.integers(5, 40)),
        "max_depth": int(random.integers(2, 9)),
        "min_samples_leaf": int(random.integers(1, 12)),
        "max_features": round(float(random.uniform(0.1, 0.9)), 2),
    }
    with tuiflow.start_run(run_name=f"trial-{number}", nested=True, tags={"stage": "search"}):
        tuiflow.log_params(params)
        model = RandomForestClassifier(**params, random_state=5).fit(train_x, train_y)
        p = model.predict_proba(test_x)
        auc = float(roc_auc_score(test_y, p[:, 1]))
        tuiflow.log_metrics(
            {
                "auc": auc,
                "accuracy": float(accuracy_score(test_y, p.argmax(axis=1))),
                "log_loss": float(log_loss(test_y, p)),
            }
        )
        importances = pd.Series(model.feature_importances_, index=train_x.columns)
        ranked = importances.sort_values(ascending=False).rename("importance")
        tuiflow.log_text(ranked.to_csv(index_label="feature"), "importances.csv")
    return _Trial(params, auc, model)
