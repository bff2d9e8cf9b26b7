"""A search over one param with nested runs, as scripts for MLflow write it."""

from __future__ import annotations

import mlflow
import numpy as np
import pandas as pd
from mlflow.entities import Metric, Param, RunStatus, RunTag, ViewType
from mlflow.exceptions import MlflowException
from mlflow.models import infer_signature
from mlflow.protos.databricks_pb2 import RESOURCE_ALREADY_EXISTS, ErrorCode
from mlflow.tracking import MlflowClient
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID, MLFLOW_RUN_NAME
from sklearn.linear_model import ElasticNet
from sklearn.metrics import mean_squared_error, r2_score

import mlflow.sklearn  # isort: skip

random = np.random.default_rng(0)
data = pd.DataFrame(random.random((60, 3)), columns=["a", "b", "c"])
target = data["a"] * 2 + random.random(60) / 10

client = MlflowClient()
wine = mlflow.create_experiment("wine", tags={"team": "x"})
try:
    mlflow.create_experiment("wine")
except MlflowException as error:
    print(error.error_code == ErrorCode.Name(RESOURCE_ALREADY_EXISTS))
mlflow.set_experiment("wine")

with mlflow.start_run(run_name="search", description="over alpha") as parent:
    for alpha in (0.1, 0.5):
        with mlflow.start_run(run_name=f"alpha {alpha}", nested=True):
            model = ElasticNet(alpha=alpha, random_state=42).fit(data, target)
            predicted = model.predict(data)
            mlflow.log_param("alpha", alpha)
            mlflow.log_metrics(
                {
                    "rmse": mean_squared_error(target, predicted) ** 0.5,
                    "r2": r2_score(target, predicted),
                }
            )
            mlflow.sklearn.log_model(model, "model", signature=infer_signature(data, predicted))
            dataset = mlflow.data.from_pandas(data.assign(y=target), name="train", targets="y")
            mlflow.log_input(dataset, context="training")
            mlflow.log_table({"x": [1, 2], "y": ["a", "b"]}, "table.json")
            mlflow.log_text("hi", "notes/note.txt")

runs = client.search_runs(
    [wine],
    f"tags.`{MLFLOW_PARENT_RUN_ID}` = '{parent.info.run_id}'",
    order_by=["metrics.rmse ASC"],
)
print([run.data.tags[MLFLOW_RUN_NAME] for run in runs], [run.data.params for run in runs])
best = runs[0]
[used] = best.inputs.dataset_inputs
print(used.dataset.name, used.dataset.digest, used.tags[0].value)
loaded = mlflow.pyfunc.load_model(f"runs:/{best.info.run_id}/model")
print(np.abs(loaded.predict(data) - target).max() < 2)

frame = mlflow.search_runs(experiment_names=["wine"], filter_string="params.alpha = '0.1'")
print(len(frame), frame.loc[0, "tags.mlflow.runName"], str(frame["start_time"].dt.tz))
print(mlflow.load_table("table.json", extra_columns=["run_id"]).shape)
print(mlflow.artifacts.load_text(f"{best.info.artifact_uri}/notes/note.txt"))
local = mlflow.artifacts.download_artifacts(
    run_id=best.info.run_id, artifact_path="notes", dst_path="copies"
)
print(local.endswith("/copies/notes"))
print([item.path for item in client.list_artifacts(best.info.run_id, "notes")])

other = client.create_run(wine, run_name="by hand")
client.log_batch(
    other.info.run_id,
    metrics=[Metric("loss", 1 / (step + 1), 1000 + step, step) for step in range(1200)],
    params=[Param(f"p{number}", str(number)) for number in range(150)],
    tags=[RunTag("kind", "batch")],
)
client.set_terminated(other.info.run_id, RunStatus.to_string(RunStatus.FAILED))
other = client.get_run(other.info.run_id)
print(other.info.status, len(other.data.params), other.data.metrics["loss"] < 0.001)
print(len(client.get_metric_history(other.info.run_id, "loss")))

last = mlflow.last_active_run()
print(last.info.run_name, mlflow.get_parent_run(best.info.run_id).info.run_name)
client.delete_run(best.info.run_id)
print(len(client.search_runs([wine], run_view_type=ViewType.DELETED_ONLY)))
client.restore_run(best.info.run_id)
client.rename_experiment(wine, "red wine")
client.delete_experiment(wine)
print([found.name for found in client.search_experiments(ViewType.DELETED_ONLY)])
for call in (
    lambda: mlflow.set_experiment("red wine"),
    lambda: client.log_param(best.info.run_id, "late", 1),
    lambda: client.get_run("0" * 32),
    lambda: client.rename_experiment(wine, "white wine"),
):
    try:
        call()
    except MlflowException as error:
        print(error.error_code, error.get_http_status_code())
