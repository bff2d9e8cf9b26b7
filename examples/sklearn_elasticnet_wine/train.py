"""Predict the quality of white wine from eleven measurements, as the MLflow tutorial of 2019 did.

    python train.py [ALPHA [L1_RATIO [DATA]]]

DATA is a CSV file or URL, separated by commas or semicolons, with a column `quality`. The default
is the white-wine table of the UCI Wine Quality data set (P. Cortez, A. Cerdeira, F. Almeida,
T. Matos and J. Reis: Modeling wine preferences by data mining from physicochemical properties,
Decision Support Systems 47(4), 2009), which is downloaded once.
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.linear_model import ElasticNet
from sklearn.metrics import mean_absolute_error, mean_squared_error, r2_score
from sklearn.model_selection import train_test_split

import tuiflow as mlflow
from tuiflow.projects import fetch

WINE = (
    "https://archive.ics.uci.edu/ml/machine-learning-databases/wine-quality/winequality-white.csv"
)


def read_wine(source):
    """Read a table whose columns are separated by `,` or, as in UCI's file, by `;`."""
    path = fetch(source) if "://" in source else Path(source)
    with path.open(encoding="utf-8") as file:
        header = file.readline()
    return pd.read_csv(path, sep=";" if ";" in header else ",")


def eval_metrics(actual, predicted):
    rmse = np.sqrt(mean_squared_error(actual, predicted))
    mae = mean_absolute_error(actual, predicted)
    r2 = r2_score(actual, predicted)
    return rmse, mae, r2


if __name__ == "__main__":
    np.random.seed(40)

    alpha = float(sys.argv[1]) if len(sys.argv) > 1 else 0.5
    l1_ratio = float(sys.argv[2]) if len(sys.argv) > 2 else 0.5
    data = read_wine(sys.argv[3] if len(sys.argv) > 3 else WINE)

    # Split the data into training and test sets (0.75, 0.25).
    train, test = train_test_split(data)

    # The predicted column is "quality", a whole number from 3 to 9.
    train_x = train.drop(["quality"], axis=1)
    test_x = test.drop(["quality"], axis=1)
    train_y = train[["quality"]]
    test_y = test[["quality"]]

    with mlflow.start_run():
        lr = ElasticNet(alpha=alpha, l1_ratio=l1_ratio, random_state=42)
        lr.fit(train_x, train_y)

        predicted_qualities = lr.predict(test_x)
        rmse, mae, r2 = eval_metrics(test_y, predicted_qualities)

        print(f"Elasticnet model (alpha={alpha:f}, l1_ratio={l1_ratio:f}):")
        print(f"  RMSE: {rmse}")
        print(f"  MAE: {mae}")
        print(f"  R2: {r2}")

        mlflow.log_param("alpha", alpha)
        mlflow.log_param("l1_ratio", l1_ratio)
        mlflow.log_metric("rmse", rmse)
        mlflow.log_metric("r2", r2)
        mlflow.log_metric("mae", mae)

        signature = mlflow.models.infer_signature(train_x, predicted_qualities)
        mlflow.sklearn.log_model(lr, "model", signature=signature, input_example=train_x.head(2))
