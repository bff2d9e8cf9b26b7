"""From a logged model to a version in production, as scripts for MLflow write it."""

from __future__ import annotations

import mlflow
import numpy as np
import pandas as pd
from mlflow.entities.model_registry.model_version_status import ModelVersionStatus
from mlflow.exceptions import MlflowException
from mlflow.models import infer_signature
from mlflow.tracking.client import MlflowClient
from sklearn.linear_model import Ridge

import mlflow.pyfunc  # isort: skip
import mlflow.sklearn  # isort: skip

data = pd.DataFrame({"a": [0.0, 1.0, 2.0], "b": [1.0, 0.0, 1.0]})
target = [1.0, 2.0, 4.0]
client = MlflowClient()

with mlflow.start_run(run_name="ridge") as run:
    model = Ridge(alpha=0.5).fit(data, target)
    mlflow.log_params(model.get_params())
    mlflow.sklearn.log_model(
        sk_model=model,
        artifact_path="ridge",
        signature=infer_signature(data, model.predict(data)),
        input_example=data.head(1),
    )
uri = f"runs:/{run.info.run_id}/ridge"
first = mlflow.register_model(model_uri=uri, name="prices")
print(first.name, int(first.version))
status = ModelVersionStatus.from_string(client.get_model_version("prices", "1").status)
print(status == ModelVersionStatus.READY)

client.update_registered_model(name="prices", description="of houses")
client.update_model_version(name="prices", version=first.version, description="the first")
client.set_registered_model_tag("prices", "task", "regression")
mlflow.set_model_version_tag("prices", first.version, "checked", "yes")
version = client.get_model_version("prices", first.version)
print(version.description, version.tags, version.current_stage, version.run_id == run.info.run_id)
registered = client.get_registered_model("prices")
print(registered.description, registered.tags)

second = mlflow.register_model(uri, "prices", tags={"again": True})
for found in (first, second):
    client.transition_model_version_stage(
        name="prices",
        version=found.version,
        stage="Production",
        archive_existing_versions=True,
    )
versions = sorted(client.search_model_versions("name='prices'"), key=lambda v: int(v.version))
print([(int(version.version), version.current_stage) for version in versions])
client.set_registered_model_alias("prices", "champion", second.version)
print(int(client.get_model_version_by_alias("prices", "champion").version))
for address in ("models:/prices/1", "models:/prices/production", "models:/prices@champion"):
    print(np.round(mlflow.pyfunc.load_model(address).predict(data), 3).tolist())
print(mlflow.artifacts.load_text("models:/prices/1/requirements.txt") != "")

for call in (
    lambda: client.create_registered_model("prices"),
    lambda: client.create_registered_model(""),
    lambda: client.get_registered_model("nothing"),
    lambda: client.get_model_version_by_alias("prices", "nothing"),
    lambda: mlflow.pyfunc.load_model("models:/nothing/1"),
    lambda: mlflow.register_model("runs:/" + "0" * 32 + "/model", "prices"),
):
    try:
        call()
    except MlflowException as error:
        print(error.error_code)
