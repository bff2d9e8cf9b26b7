"""The Flask application with a real model behind it."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn.linear_model import ElasticNet, LogisticRegression
from small_models import COLUMNS, slow_model, table

import tuiflow
from tuiflow.models import infer_signature, pyfunc
from tuiflow.models.sklearn_flavor import save_model
from tuiflow.serving.app import create_app, warm_up
from tuiflow.serving.journal import Journal
from tuiflow.serving.traffic import Traffic

ROW = [0.5, -1.0, 2.0]
SPLIT = {"columns": COLUMNS, "data": [ROW]}


@pytest.fixture(scope="module")
def client(linear: tuple[Path, ElasticNet]) -> FlaskClient:
    return create_app(pyfunc.load(linear[0]), max_body=100_000).test_client()


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[tuple[Journal, Path]]:
    path = tmp_path / "log"
    descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT)
    yield Journal(descriptor), path
    os.close(descriptor)


def post(client: FlaskClient, value: Any, content_type: str = "application/json") -> Any:
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return client.post("/invocations", data=data, content_type=content_type)


def test_predictions_are_the_models_own(
    client: FlaskClient, linear: tuple[Path, ElasticNet]
) -> None:
    rows = table(50, seed=7)
    expected = linear[1].predict(rows).tolist()
    shuffled = rows[["alcohol", "fixed acidity", "pH"]]
    split = {"columns": list(shuffled.columns), "data": shuffled.to_numpy().tolist()}
    assert post(client, {"dataframe_split": split}).json == {"predictions": expected}
    records = shuffled.to_dict(orient="records")
    assert post(client, {"dataframe_records": records}).json == {"predictions": expected}
    assert post(client, {"instances": records}).json == {"predictions": expected}
    assert post(client, {"inputs": shuffled.to_dict(orient="list")}).json == {
        "predictions": expected
    }
    text = shuffled.to_csv(index=False).encode()
    assert post(client, text, "text/csv").json == {"predictions": expected}
    # as in 2019
    assert post(client, split, "application/json; format=pandas-split").json == expected
    assert post(client, records, "application/json; format=pandas-records").json == expected


def test_health_and_version(client: FlaskClient) -> None:
    for path in ("/ping", "/health"):
        answer = client.get(path)
        assert (answer.status_code, answer.data) == (200, b"\n")
        assert answer.mimetype == "application/json"
    assert client.get("/version").text == tuiflow.__version__


@pytest.mark.parametrize(
    ("value", "content_type", "status", "code", "words"),
    [
        (b"{", "application/json", 400, "BAD_REQUEST", "not valid JSON"),
        (SPLIT, "text/plain", 415, "BAD_REQUEST", "application/json"),
        (
            {"dataframe_split": {"columns": COLUMNS[:2], "data": [ROW[:2]]}},
            "application/json",
            400,
            "INVALID_PARAMETER_VALUE",
            "lacks the column 'alcohol'",
        ),
        (
            {"dataframe_split": {"columns": [*COLUMNS, "x"], "data": [[*ROW, 1]]}},
            "application/json",
            400,
            "INVALID_PARAMETER_VALUE",
            "has the column 'x'",
        ),
        (
            {"dataframe_split": {"columns": COLUMNS, "data": [[0.5, -1.0, "strong"]]}},
            "application/json",
            400,
            "INVALID_PARAMETER_VALUE",
            "'alcohol'",
        ),
        (
            {"dataframe_split": {"columns": COLUMNS, "data": [[0.5, -1.0, True]]}},
            "application/json",
            400,
            "INVALID_PARAMETER_VALUE",
            "'alcohol'",
        ),
        (b"fixed acidity,pH,alcohol\n1,2,x\n", "text/csv", 400, "INVALID_PARAMETER_VALUE", "x"),
        # scikit-learn has no answer for a missing value
        (
            {"dataframe_split": {"columns": COLUMNS, "data": [[0.5, -1.0, None]]}},
            "application/json",
            400,
            "BAD_REQUEST",
            "NaN",
        ),
        (
            {"dataframe_split": SPLIT, "params": {"top": 1}},
            "application/json",
            400,
            "INVALID_PARAMETER_VALUE",
            "'top'",
        ),
        (b"x" * 100_001, "text/csv", 413, "BAD_REQUEST", "larger"),
    ],
)
def test_mistakes_are_answers_in_json(
    client: FlaskClient, value: Any, content_type: str, status: int, code: str, words: str
) -> None:
    answer = post(client, value, content_type)
    assert answer.status_code == status
    assert answer.mimetype == "application/json"
    assert answer.json["error_code"] == code
    assert words in answer.json["message"]
    assert "Traceback" not in answer.text


def test_paths_and_methods(client: FlaskClient) -> None:
    wrong_method = client.get("/invocations")
    assert wrong_method.status_code == 405
    assert "POST" in wrong_method.headers["Allow"]
    assert wrong_method.json and "GET" in wrong_method.json["message"]
    nothing = client.get("/api/2.0/nothing")
    assert nothing.status_code == 404
    assert nothing.json and nothing.json["error_code"] == "ENDPOINT_NOT_FOUND"


def test_a_compressed_body_is_refused(client: FlaskClient) -> None:
    answer = client.post(
        "/invocations",
        data=b"\x1f\x8b",
        content_type="application/json",
        headers={"Content-Encoding": "gzip"},
    )
    assert answer.status_code == 415
    assert answer.json and "gzip" in answer.json["message"]


def test_a_model_without_signature_goes_by_its_columns(tmp_path: Path) -> None:
    data = table(20)
    model = ElasticNet().fit(data, data["pH"])
    save_model(model, tmp_path / "model")
    client = create_app(pyfunc.load(tmp_path / "model")).test_client()
    backwards = {"columns": COLUMNS[::-1], "data": [ROW[::-1]]}
    expected = model.predict(pd.DataFrame([ROW], columns=COLUMNS)).tolist()
    assert post(client, {"dataframe_split": backwards}).json == {"predictions": expected}
    extra = post(client, {"dataframe_split": {"columns": [*COLUMNS, "x"], "data": [[*ROW, 1]]}})
    assert extra.status_code == 400
    assert "'x'" in extra.json["message"]


def test_a_model_of_arrays(tmp_path: Path) -> None:
    data = np.random.default_rng(0).normal(size=(30, 2))
    model = LogisticRegression().fit(data, np.where(data[:, 0] > 0, "red", "white"))
    signature = infer_signature(data, model.predict(data))
    save_model(model, tmp_path / "model", signature=signature)
    client = create_app(pyfunc.load(tmp_path / "model")).test_client()
    assert post(client, {"inputs": [[3, 0.5], [-3, 0]]}).json == {"predictions": ["red", "white"]}
    assert post(client, {"instances": [[3, 0.5]]}).json == {"predictions": ["red"]}
    wrong = post(client, {"inputs": [[1, 2, 3]]})
    assert wrong.status_code == 400
    assert "(-1, 2)" in wrong.json["message"]


def test_requests_are_counted_and_logged(
    linear: tuple[Path, ElasticNet], journal: tuple[Journal, Path]
) -> None:
    app = create_app(pyfunc.load(linear[0]), traffic=Traffic(), journal=journal[0])
    client = app.test_client()
    client.get("/ping")
    for _ in range(3):
        post(client, {"dataframe_split": SPLIT})
    post(client, b"{")
    client.get("/no\x1b[31mthing")
    stats = client.get("/tuiflow/stats").json
    assert stats
    assert (stats["requests"], stats["errors"], stats["in_flight"]) == (4, 1, 0)
    assert len(stats["recent_ms"]) == 4
    assert 0 < stats["p50_ms"] <= stats["p99_ms"]
    lines = journal[1].read_text().splitlines()
    assert [line.split()[2:5] for line in lines] == [
        ["POST", "/invocations", "200"],
        ["POST", "/invocations", "200"],
        ["POST", "/invocations", "200"],
        ["POST", "/invocations", "400"],
        ["GET", "/no␛[31mthing", "404"],
    ]


def test_what_a_model_raises_is_a_sentence_and_its_traceback_in_the_log(
    linear: tuple[Path, ElasticNet], journal: tuple[Journal, Path]
) -> None:
    client = create_app(pyfunc.load(linear[0]), journal=journal[0]).test_client()
    missing = {"columns": COLUMNS, "data": [[1, 2, None]]}
    answer = post(client, {"dataframe_split": missing})
    assert answer.status_code == 400
    assert "Traceback" not in answer.text
    assert "Traceback" in journal[1].read_text()


@pytest.mark.parametrize("raised", [SystemExit(3), KeyboardInterrupt()])
def test_a_model_that_would_end_the_server_is_a_failure_of_its_own(
    linear: tuple[Path, ElasticNet], monkeypatch: pytest.MonkeyPatch, raised: BaseException
) -> None:
    model = pyfunc.load(linear[0])

    def predict(data: Any) -> Any:
        raise raised

    monkeypatch.setattr(model.implementation, "predict", predict)
    answer = post(create_app(model).test_client(), {"dataframe_split": SPLIT})
    assert answer.status_code == 400
    assert type(raised).__name__ in answer.json["message"]
    assert (warm_up(model, {"dataframe_split": SPLIT}) or "").startswith(type(raised).__name__)


def test_predictions_from_several_threads(linear: tuple[Path, ElasticNet]) -> None:
    app = create_app(pyfunc.load(linear[0]))
    rows = table(40, seed=3)
    expected = linear[1].predict(rows).tolist()
    found: dict[int, float] = {}

    def ask(index: int) -> None:
        split = {"columns": COLUMNS, "data": [rows.iloc[index].tolist()]}
        found[index] = post(app.test_client(), {"dataframe_split": split}).json["predictions"][0]

    threads = [threading.Thread(target=ask, args=(index,)) for index in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [found[index] for index in range(40)] == pytest.approx(expected, rel=1e-12)


def test_requests_in_flight_are_seen(slow: Path) -> None:
    traffic = Traffic()
    begun, release = threading.Event(), threading.Event()
    model = slow_model()

    class Waiting:
        signature = None
        column_names = None

        def predict(self, data: Any, params: Any = None) -> Any:
            begun.set()
            release.wait(10)
            return model.predict(data)

    app = create_app(Waiting(), traffic=traffic)
    asking = threading.Thread(
        target=post, args=(app.test_client(), b"seconds\n0\n", "text/csv"), daemon=True
    )
    asking.start()
    assert begun.wait(10)
    assert traffic.stats().in_flight == 1
    release.set()
    asking.join(10)
    assert traffic.stats().in_flight == 0
    assert traffic.stats().requests == 1


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.one_of(
        st.binary(max_size=40),
        st.builds(
            lambda key, row: json.dumps({key: {"columns": COLUMNS, "data": [row]}}).encode(),
            st.sampled_from(["dataframe_split", "inputs", "instances"]),
            st.lists(
                st.none() | st.floats() | st.integers() | st.text(max_size=3) | st.just([1]),
                min_size=2,
                max_size=4,
            ),
        ),
    ),
    st.sampled_from(
        ["application/json", "text/csv", "application/json; format=pandas-split", "", "é"]
    ),
)
def test_no_client_brings_the_server_to_fail(
    client: FlaskClient, content: bytes, content_type: str
) -> None:
    answer = client.post("/invocations", data=content, content_type=content_type)
    assert answer.status_code == 200 or 400 <= answer.status_code < 500
    if answer.status_code != 200:
        assert answer.json is not None
        assert set(answer.json) == {"error_code", "message"}


def test_the_log_does_not_grow_for_ever(tmp_path: Path) -> None:
    path = tmp_path / "log"
    descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT)
    journal = Journal(descriptor, limit=10_000)
    for number in range(2000):
        journal.line(f"line {number}")
        assert path.stat().st_size <= 10_000
    os.close(descriptor)
    lines = path.read_text().splitlines()
    assert lines[-1].endswith("line 1999")
    assert all(line.startswith("20") for line in lines)


def test_traffic_tells_rate_and_quantiles() -> None:
    now = 100.0
    traffic = Traffic(clock=lambda: now)
    assert traffic.stats().p50_ms is None
    for milliseconds in range(1, 101):
        begun = traffic.begin()
        now += milliseconds / 1000
        traffic.end(begun, 500 if milliseconds > 98 else 200)
    stats = traffic.stats()
    assert (stats.requests, stats.errors) == (100, 2)
    assert (stats.p50_ms, stats.p99_ms) == (50.0, 99.0)
    assert stats.recent_ms[-1] == 100.0
    assert len(stats.recent_ms) == 60
    now += 60
    assert traffic.stats().rate == 0
