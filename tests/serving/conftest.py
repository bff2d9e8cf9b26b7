"""Small real models, saved once, and runs that hold them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from sklearn.linear_model import ElasticNet
from small_models import slow_model, table

from tuiflow.entities import TAG_MODELS, RunTag
from tuiflow.models.sklearn_flavor import save_model
from tuiflow.store import Store


@pytest.fixture(scope="session")
def linear(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ElasticNet]:
    """A model folder with signature and example, and the model in it."""
    data = table(50)
    model = ElasticNet(alpha=0.1).fit(data, data @ [1.0, -2.0, 3.0])
    folder = tmp_path_factory.mktemp("models") / "linear"
    save_model(model, folder, input_example=data.head(2))
    return folder, model


@pytest.fixture(scope="session")
def slow(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "slow"
    save_model(slow_model(), folder, input_example=pd.DataFrame({"seconds": [0.0]}))
    return folder


@pytest.fixture
def log_run(store: Store) -> Callable[..., str]:
    """Make a finished run that holds model folders: `log_run(model=folder)` gives its id."""

    def make(name: str = "a-run", **models: Path) -> str:
        run_id = store.create_run("0", name).info.run_id
        for path, folder in models.items():
            store.log_artifacts(run_id, folder, path)
        if models:
            store.log_batch(run_id, tags=[RunTag(TAG_MODELS, ",".join(models))])
        store.finish_run(run_id, "FINISHED")
        return run_id

    return make
