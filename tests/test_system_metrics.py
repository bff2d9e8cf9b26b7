"""System metrics: the sampler by a clock of the test's own, and one real script."""

from __future__ import annotations

import ast
import os
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import tuiflow as mlflow
from tuiflow.entities import Metric
from tuiflow.errors import InvalidInput, StoreError
from tuiflow.store import Store
from tuiflow.tracking import system_metrics
from tuiflow.tracking.system_metrics import sampler
from tuiflow.tracking.system_metrics.readings import Machine
from tuiflow.tracking.system_metrics.sampler import Sampler, average

NAMES = {
    "cpu_utilization_percentage",
    "system_memory_usage_megabytes",
    "system_memory_usage_percentage",
    "disk_usage_percentage",
    "disk_usage_megabytes",
    "disk_available_megabytes",
    "network_receive_megabytes",
    "network_transmit_megabytes",
}
"""What MLflow 3.17 logs on a machine without a GPU."""

SETTINGS = (
    "ENABLE_SYSTEM_METRICS_LOGGING",
    "SYSTEM_METRICS_SAMPLING_INTERVAL",
    "SYSTEM_METRICS_SAMPLES_BEFORE_LOGGING",
    "SYSTEM_METRICS_NODE_ID",
)


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    names = [start + name for start in ("TUIFLOW_", "MLFLOW_") for name in SETTINGS]
    for name in names:
        monkeypatch.delenv(name, raising=False)
    yield
    for name in names:
        os.environ.pop(name, None)


class Script:
    """A source with planned readings, and a clock that ends when they are used up."""

    def __init__(self, readings: list[dict[str, float]]) -> None:
        self.readings = readings
        self.waited: list[float] = []
        self.before: dict[int, Callable[[], None]] = {}

    def wait(self, seconds: float) -> bool:
        self.waited.append(seconds)
        if act := self.before.get(len(self.waited)):
            act()
        return not self.readings

    def read(self) -> dict[str, float]:
        return self.readings.pop(0)


def sample(
    store: Store, run_id: str, script: Script, samples: int = 1, prefix: str = "system/"
) -> None:
    Sampler(
        store,
        run_id,
        script.wait,
        interval=10.0,
        samples=samples,
        prefix=prefix,
        open_source=lambda: script,
    ).run()


def points(store: Store, run_id: str, key: str) -> list[tuple[int, float]]:
    history = store.metric_history(run_id, key)
    return list(zip(history.steps, history.values, strict=True))


@pytest.fixture
def run_id(store: Store) -> str:
    return store.create_run("0").info.run_id


def test_every_sample_is_a_step(store: Store, run_id: str) -> None:
    script = Script([{"cpu": 10.04}, {"cpu": 20}, {"cpu": 30}])
    sample(store, run_id, script)
    assert points(store, run_id, "system/cpu") == [(0, 10.0), (1, 20.0), (2, 30.0)]
    assert script.waited == [10.0] * 4


def test_several_samples_make_a_point(store: Store, run_id: str) -> None:
    script = Script(
        [
            {"cpu": 10, "network_receive_megabytes": 1.23},
            {"cpu": 20, "network_receive_megabytes": 4.56},
            {"cpu": 30, "gpu": 5},
            {"cpu": 40},
            {"cpu": 50},
        ]
    )
    sample(store, run_id, script, samples=2)
    assert points(store, run_id, "system/cpu") == [(0, 15.0), (1, 35.0)]
    assert points(store, run_id, "system/network_receive_megabytes") == [(0, 4.56)]
    assert points(store, run_id, "system/gpu") == [(1, 5.0)]


def test_a_resumed_run_goes_on(store: Store, run_id: str) -> None:
    store.log_batch(run_id, [Metric("system/cpu", 1.0, 0, 6), Metric("loss", 1.0, 0, 99)])
    sample(store, run_id, Script([{"cpu": 2}]))
    assert points(store, run_id, "system/cpu") == [(6, 1.0), (7, 2.0)]
    sample(store, run_id, Script([{"cpu": 3}]), prefix="system/node1/")
    assert points(store, run_id, "system/node1/cpu") == [(0, 3.0)]


def test_it_ends_with_the_run(store: Store, run_id: str) -> None:
    script = Script([{"cpu": 1}, {"cpu": 2}, {"cpu": 3}, {"cpu": 4}])
    script.before[2] = lambda: store.finish_run(run_id, "FINISHED")
    sample(store, run_id, script)
    assert points(store, run_id, "system/cpu") == [(0, 1.0)]
    assert len(script.readings) == 2
    deleted = store.create_run("0").info.run_id
    store.delete_runs([deleted])
    for gone in (deleted, "0" * 32):
        script = Script([{"cpu": 1}, {"cpu": 2}])
        sample(store, gone, script)
        assert len(script.readings) == 1


def test_a_store_in_trouble_does_not_end_it(
    store: Store, run_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = Script([{"cpu": 1}, {"cpu": 2}, {"cpu": 3}])

    def full(*_: object, **__: object) -> None:
        raise StoreError("full")

    script.before[2] = lambda: monkeypatch.setattr(store, "log_batch", full)
    script.before[3] = monkeypatch.undo
    sample(store, run_id, script)
    assert points(store, run_id, "system/cpu") == [(0, 1.0), (1, 3.0)]


def test_a_machine_that_tells_nothing(store: Store, run_id: str) -> None:
    def broken() -> Script:
        raise OSError("no /proc here")

    Sampler(
        store, run_id, lambda _: False, interval=1, samples=1, prefix="", open_source=broken
    ).run()
    sample(store, run_id, Script([{}, {"cpu": 1}]))
    assert points(store, run_id, "system/cpu") == [(1, 1.0)]


def test_average_of_what_is_there() -> None:
    assert average([{"a": 1, "b": 2}, {"a": 2}, {}]) == {"a": 1.5, "b": 2.0}
    assert average([]) == {}


def test_what_the_machine_says() -> None:
    found = Machine().read()
    assert {name for name in found if not name.startswith("gpu_")} == NAMES
    for name, value in found.items():
        assert value >= 0
        assert "percentage" not in name or value <= 100


# settings


def test_settings() -> None:
    assert not system_metrics.enabled()
    assert (system_metrics.interval(), system_metrics.samples_before_logging()) == (10.0, 1)
    assert system_metrics.prefix() == "system/"
    mlflow.enable_system_metrics_logging()
    mlflow.set_system_metrics_sampling_interval(0.5)
    mlflow.set_system_metrics_samples_before_logging(3)
    mlflow.set_system_metrics_node_id("node1")
    assert system_metrics.enabled()
    assert (system_metrics.interval(), system_metrics.samples_before_logging()) == (0.5, 3)
    assert system_metrics.prefix() == "system/node1/"
    mlflow.disable_system_metrics_logging()
    mlflow.set_system_metrics_sampling_interval(None)
    mlflow.set_system_metrics_samples_before_logging(None)
    mlflow.set_system_metrics_node_id(None)
    assert not system_metrics.enabled()
    assert (system_metrics.interval(), system_metrics.samples_before_logging()) == (10.0, 1)
    assert system_metrics.prefix() == "system/"
    for bad in (0, -1, float("nan"), "x", "10"):
        with pytest.raises(InvalidInput, match="a number of seconds above 0"):
            mlflow.set_system_metrics_sampling_interval(bad)
    for bad in (0, 1.5, "2"):
        with pytest.raises(InvalidInput, match="a whole number from 1 up"):
            mlflow.set_system_metrics_samples_before_logging(bad)


def test_mlflows_variables_count_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING", "True")
    monkeypatch.setenv("MLFLOW_SYSTEM_METRICS_SAMPLING_INTERVAL", "2")
    monkeypatch.setenv("MLFLOW_SYSTEM_METRICS_NODE_ID", "n")
    assert system_metrics.enabled()
    assert (system_metrics.interval(), system_metrics.prefix()) == (2.0, "system/n/")
    monkeypatch.setenv("TUIFLOW_ENABLE_SYSTEM_METRICS_LOGGING", "0")
    assert not system_metrics.enabled()
    for bad in ("soon", "-1", "inf", "nan"):
        monkeypatch.setenv("TUIFLOW_SYSTEM_METRICS_SAMPLING_INTERVAL", bad)
        with pytest.warns(UserWarning, match="no number above 0; 10.0 is used"):
            assert system_metrics.interval() == 10.0


# threads


def sampling() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if "system-metrics" in thread.name]


def test_a_run_has_a_thread_while_it_is_open(store: Store) -> None:
    with mlflow.start_run():
        assert sampling() == []
    with mlflow.start_run(log_system_metrics=True):
        [thread] = sampling()
        assert thread.daemon
        with mlflow.start_run(nested=True, log_system_metrics=True):
            assert len(sampling()) == 2
        assert sampling() == [thread]
    assert sampling() == []
    mlflow.enable_system_metrics_logging()
    with pytest.raises(ZeroDivisionError), mlflow.start_run():
        assert len(sampling()) == 1
        1 / 0  # noqa: B018
    assert sampling() == []
    with mlflow.start_run(log_system_metrics=False):
        assert sampling() == []
    run = mlflow.start_run()
    assert len(sampling()) == 1
    system_metrics.start(store, run.info.run_id)  # a second start changes nothing
    assert len(sampling()) == 1
    system_metrics.stop(run.info.run_id)
    system_metrics.stop(run.info.run_id)
    assert sampling() == []
    mlflow.end_run()


def test_the_end_of_a_run_waits_for_no_machine_that_hangs(store: Store, run_id: str) -> None:
    asked, answer = threading.Event(), threading.Event()

    class Hanging:
        def read(self) -> dict[str, float]:
            asked.set()
            answer.wait()  # such as a file system of a server that is gone
            return {"cpu": 1}

    mlflow.set_system_metrics_sampling_interval(0.001)
    sampler.start(store, run_id, Hanging)
    [thread] = sampling()
    assert asked.wait(60)
    sampler.stop(run_id)
    assert thread.is_alive()
    store.finish_run(run_id, "FINISHED")
    answer.set()
    thread.join(60)
    assert not thread.is_alive()
    assert store.get_run(run_id).data.metrics == {}


def run_script(code: str, store: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        env={**os.environ, "TUIFLOW_STORE": str(store), **variables},
        capture_output=True,
        text=True,
        timeout=120,
    )


WAIT = """
import tuiflow, time, sys, os, threading
client = tuiflow.MlflowClient()
def wait(run, key, count=1):
    until = time.monotonic() + 60
    while len(client.get_metric_history(run.info.run_id, key)) < count:
        assert time.monotonic() < until, "no point was logged"
        time.sleep(0.01)
"""


def test_a_real_script(tmp_path: Path) -> None:
    code = WAIT + textwrap.dedent("""
    assert "psutil" not in sys.modules
    with tuiflow.start_run() as run:
        wait(run, "system/n0/cpu_utilization_percentage", 2)
    assert not [t for t in threading.enumerate() if "system-metrics" in t.name]
    with tuiflow.start_run(run.info.run_id):
        wait(run, "system/n0/cpu_utilization_percentage", 4)
        if (child := os.fork()) == 0:  # has no thread, and ends none
            try:
                assert threading.active_count() == 1
                tuiflow.end_run()
                with tuiflow.start_run(log_system_metrics=False):
                    pass
                os._exit(0)
            finally:
                os._exit(1)
        assert os.waitpid(child, 0)[1] == 0
        assert [t for t in threading.enumerate() if "system-metrics" in t.name]
    print(run.info.run_id)
    """)
    ran = run_script(
        code,
        tmp_path / "store",
        MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING="true",
        TUIFLOW_SYSTEM_METRICS_SAMPLING_INTERVAL="0.02",
        TUIFLOW_SYSTEM_METRICS_NODE_ID="n0",
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stderr == ""
    mlflow.set_tracking_uri(tmp_path / "store")
    run = mlflow.get_run(ran.stdout.strip())
    assert {f"system/n0/{name}" for name in NAMES} <= set(run.data.metrics)
    history = mlflow.MlflowClient().get_metric_history(
        run.info.run_id, "system/n0/disk_usage_percentage"
    )
    assert [point.step for point in history] == list(range(len(history)))


@pytest.mark.parametrize(
    ("end", "status"),
    [("pass", "FINISHED"), ("1 / 0", "FAILED"), ("os.kill(os.getpid(), 2)", "KILLED")],
)
def test_a_script_that_ends_without_a_word(tmp_path: Path, end: str, status: str) -> None:
    code = WAIT + (
        "tuiflow.set_system_metrics_sampling_interval(0.01)\n"
        "run = tuiflow.start_run(log_system_metrics=True)\n"
        f"wait(run, 'system/cpu_utilization_percentage')\n{end}\ntime.sleep(0)"
    )
    ran = run_script(code, tmp_path / "store")
    assert ran.returncode in (0, 1, -signal.SIGINT), ran.stderr
    assert "Fatal" not in ran.stderr
    mlflow.set_tracking_uri(tmp_path / "store")
    [run] = mlflow.search_runs(search_all_experiments=True, output_format="list")
    assert run.info.status == status


FAKE_NVML = '''
"""Stands in for nvidia-ml-py: a GPU, and one that won't tell its power."""
from types import SimpleNamespace
class NVMLError(Exception): ...
def nvmlInit(): ...
def nvmlDeviceGetCount(): return 2
def nvmlDeviceGetHandleByIndex(index): return index
def nvmlDeviceGetMemoryInfo(handle): return SimpleNamespace(used=2_000_000_000, total=8_000_000_000)
def nvmlDeviceGetUtilizationRates(handle): return SimpleNamespace(gpu=37 + handle)
def nvmlDeviceGetPowerUsage(handle):
    if handle: raise NVMLError("not supported")
    return 150_000
def nvmlDeviceGetEnforcedPowerLimit(handle): return 300_000
'''


def test_gpus_as_nvml_tells_them(tmp_path: Path) -> None:
    code = (
        "from tuiflow.tracking.system_metrics.gpu import open_gpus\n"
        "print(sorted(open_gpus()().items()))"
    )
    (tmp_path / "fake").mkdir()
    module = tmp_path / "fake" / "pynvml.py"

    def gpus() -> object:
        ran = run_script(code, tmp_path / "store", PYTHONPATH=str(module.parent))
        assert ran.returncode == 0, ran.stderr
        return dict(ast.literal_eval(ran.stdout))

    module.write_text(FAKE_NVML)
    assert gpus() == {
        "gpu_0_memory_usage_megabytes": 2000.0,
        "gpu_0_memory_usage_percentage": 25.0,
        "gpu_0_power_usage_percentage": 50.0,
        "gpu_0_power_usage_watts": 150.0,
        "gpu_0_utilization_percentage": 37.0,
        "gpu_1_memory_usage_megabytes": 2000.0,
        "gpu_1_memory_usage_percentage": 25.0,
        "gpu_1_utilization_percentage": 38.0,
    }
    module.write_text(FAKE_NVML.replace("def nvmlInit(): ...", "def nvmlInit(): raise NVMLError"))
    assert gpus() == {}
    module.write_text("raise ImportError")
    assert gpus() == {}
