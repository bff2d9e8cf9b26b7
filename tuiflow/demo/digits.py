"""Classifiers of handwritten digits with curves over epochs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.datasets import load_digits
from sklearn.linear_model import SGDClassifier
from sklearn.metrics import classification_report, confusion_matrix
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

import tuiflow
from tuiflow.config import RUN_LOG
from tuiflow.demo import picture

EPOCHS = 40
NETWORKS = ((16, 0.01), (32, 0.003), (64, 0.001), (64, 0.0003))
"""Hidden units and learning rate."""
LINEAR = ((0.05, 1e-4), (0.01, 1e-4), (0.002, 1e-4), (0.01, 1e-2))
"""Learning rate and L2 penalty."""


def fill(done: Callable[[], None]) -> None:
    """Train and log all runs; `done` is called after each."""
    x, y = load_digits(return_X_y=True)
    data = train_test_split(x / 16, y, random_state=1, stratify=y, test_size=0.25)
    tuiflow.set_experiment("digits")
    for hidden, rate in NETWORKS:
        network = MLPClassifier((hidden,), learning_rate_init=rate, batch_size=64, random_state=2)
        params = {"model": "MLP", "hidden": hidden, "learning_rate": rate, "batch_size": 64}
        _train(f"mlp-{hidden}-{rate:g}", network, params, data)
        done()
    for rate, penalty in LINEAR:
        linear = SGDClassifier(
            loss="log_loss", learning_rate="constant", eta0=rate, alpha=penalty, random_state=2
        )
        params = {"model": "SGD", "learning_rate": rate, "l2": penalty}
        _train(f"sgd-{rate:g}-{penalty:g}", linear, params, data)
        done()


def _train(name: str, model: Any, params: dict[str, object], data: list[Any]) -> None:
    train_x, val_x, train_y, val_y = data
    classes = np.unique(train_y)
    history = []
    with tuiflow.start_run(run_name=name, tags={"stage": "curves", "data": "digits"}):
        tuiflow.log_params({**params, "epochs": EPOCHS})
        for epoch in range(EPOCHS):
            model.partial_fit(train_x, train_y, classes=classes)
            train_loss, train_accuracy = _score(model.predict_proba(train_x), train_y)
            val_loss, val_accuracy = _score(model.predict_proba(val_x), val_y)
            metrics = {
                "train/loss": train_loss,
                "val/loss": val_loss,
                "train/accuracy": train_accuracy,
                "val/accuracy": val_accuracy,
            }
            tuiflow.log_metrics(metrics, step=epoch)
            history.append({"epoch": epoch, **metrics})
        predicted = model.predict(val_x)
        counts = confusion_matrix(val_y, predicted)
        tuiflow.log_figure(picture.heatmap(counts), "plots/confusion.png")
        tuiflow.log_text(pd.DataFrame(counts).to_csv(index_label="digit"), "confusion.csv")
        tuiflow.log_text(pd.DataFrame(history).to_csv(index=False), "history.csv")
        report = classification_report(val_y, predicted, output_dict=True)
        tuiflow.log_dict(report, "report.json")
        lines = [
            f"epoch {row['epoch']:2}  "
            + "  ".join(f"{key} {value:.4f}" for key, value in row.items() if key != "epoch")
            for row in history
        ]
        tuiflow.log_text("\n".join(lines) + "\n", RUN_LOG)
        tuiflow.sklearn.log_model(
            model,
            "model",
            signature=tuiflow.models.infer_signature(val_x, predicted),
            input_example=val_x[:2],
        )


def _score(p: NDArray[np.float64], digits: NDArray[np.int64]) -> tuple[float, float]:
    """Mean log loss and accuracy of probabilities of shape (rows, 10).

    In numpy: scikit-learn's own functions spend longer on checks than an epoch takes to train.
    """
    of_truth = p[np.arange(len(digits)), digits]
    loss = -np.log(np.maximum(of_truth, np.finfo(float).eps)).mean()
    return float(loss), float((p.argmax(axis=1) == digits).mean())
