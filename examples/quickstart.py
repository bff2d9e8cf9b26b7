from sklearn.datasets import load_diabetes
from sklearn.linear_model import Ridge

import tuiflow as mlflow

x, y = load_diabetes(return_X_y=True, as_frame=True)
with mlflow.start_run(run_name="quickstart"):
    model = Ridge(alpha=mlflow.log_param("alpha", 0.1)).fit(x, y)
    mlflow.log_metric("r2", model.score(x, y))
    mlflow.sklearn.log_model(model, "model", input_example=x.head(2))
