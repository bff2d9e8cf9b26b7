"""A loop that logs live: start it, then watch its curves grow in `tuiflow`.

    python training_loop.py [--epochs 60] [--learning-rate 0.0005] [--sleep 0.25]

Trains a linear classifier by stochastic gradient descent on the handwritten digits that ship with
scikit-learn.
"""

import argparse
import time

import numpy as np
from sklearn.datasets import load_digits
from sklearn.linear_model import SGDClassifier
from sklearn.metrics import accuracy_score, log_loss
from sklearn.model_selection import train_test_split

import tuiflow

parser = argparse.ArgumentParser(description="Train on digits, logging every epoch.")
parser.add_argument("--epochs", type=int, default=60)
parser.add_argument("--learning-rate", type=float, default=0.0005)
parser.add_argument("--sleep", type=float, default=0.25, help="seconds to rest after an epoch")
args = parser.parse_args()

x, y = load_digits(return_X_y=True)
train_x, val_x, train_y, val_y = train_test_split(x / 16, y, random_state=0, stratify=y)

tuiflow.set_experiment("training-loop")
with tuiflow.start_run():
    tuiflow.log_params({"epochs": args.epochs, "learning_rate": args.learning_rate})
    model = SGDClassifier(
        loss="log_loss", learning_rate="constant", eta0=args.learning_rate, random_state=0
    )
    for epoch in range(args.epochs):
        model.partial_fit(train_x, train_y, classes=np.unique(y))
        val_p = model.predict_proba(val_x)
        metrics = {
            "train/loss": log_loss(train_y, model.predict_proba(train_x)),
            "val/loss": log_loss(val_y, val_p),
            "val/accuracy": accuracy_score(val_y, val_p.argmax(axis=1)),
        }
        tuiflow.log_metrics(metrics, step=epoch)
        print(f"epoch {epoch:3}  " + "  ".join(f"{k} {v:.4f}" for k, v in metrics.items()))
        time.sleep(args.sleep)
    tuiflow.sklearn.log_model(model, "model", input_example=val_x[:2])
