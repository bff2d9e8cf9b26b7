"""Logging from threads, tasks, forks and worker processes, as data loaders have them."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import textwrap
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import tuiflow as mlflow
from tuiflow.errors import InvalidInput
from tuiflow.store import Store


@pytest.fixture(autouse=True)
def uri(store: Store) -> None:
    mlflow.set_tracking_uri(store.root)


def points(run_id: str, key: str) -> list[float]:
    """A metric's values by step."""
    history = mlflow.MlflowClient().get_metric_history(run_id, key)
    return [point.value for point in sorted(history, key=lambda point: point.step)]


def script(store: Store, tmp_path: Path, code: str, **env: str) -> None:
    path = tmp_path / "script.py"
    path.write_text(textwrap.dedent(code))
    result = subprocess.run(
        [sys.executable, str(path)],
        cwd=tmp_path,
        env={**os.environ, "TUIFLOW_STORE": str(store.root), **env},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (result.returncode, result.stderr) == (0, "")


def all_runs() -> dict[str, mlflow.entities.Run]:
    found = mlflow.search_runs(search_all_experiments=True, output_format="list")
    return {run.info.run_name: run for run in found}


# threads


def test_a_pool_of_threads_logs_into_the_main_run() -> None:
    with mlflow.start_run() as run, ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda i: mlflow.log_metric("m", i, step=i), range(400)))
    assert points(run.info.run_id, "m") == [float(i) for i in range(400)]
    assert len(all_runs()) == 1


def test_threads_with_runs_of_their_own() -> None:
    barrier = threading.Barrier(4)

    def work(number: int) -> None:
        with mlflow.start_run(run_name=f"run {number}"):
            barrier.wait()
            for step in range(20):
                mlflow.log_metric("m", number * 100 + step, step=step)
            barrier.wait()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    for number in range(4):
        run = all_runs()[f"run {number}"]
        expected = [float(number * 100 + step) for step in range(20)]
        assert points(run.info.run_id, "m") == expected
        assert run.info.status == "FINISHED"


# asyncio


async def test_concurrent_tasks_have_runs_of_their_own() -> None:
    async def train(number: int, turn: asyncio.Barrier) -> str:
        with mlflow.start_run(run_name=f"run {number}") as run:
            await turn.wait()
            for step in range(3):
                mlflow.log_metric("m", number, step=step)
                await asyncio.sleep(0)
            assert mlflow.active_run().info.run_id == run.info.run_id  # type: ignore[union-attr]
            with mlflow.start_run(nested=True) as inner:
                await turn.wait()
                mlflow.log_metric("inner", number)
            parent = mlflow.get_parent_run(inner.info.run_id)
            assert parent is not None and parent.info.run_id == run.info.run_id
            if number == 1:
                raise ValueError("one fails")
        return run.info.run_id

    turn = asyncio.Barrier(3)
    results = await asyncio.gather(*(train(n, turn) for n in range(3)), return_exceptions=True)
    assert mlflow.active_run() is None
    assert isinstance(results[1], ValueError)
    runs = all_runs()
    for number in range(3):
        run = runs[f"run {number}"]
        assert points(run.info.run_id, "m") == [float(number)] * 3
        assert run.info.status == ("FAILED" if number == 1 else "FINISHED")


async def test_a_task_logs_into_the_run_of_what_started_it() -> None:
    async def child() -> None:
        mlflow.log_metric("m", 1)
        with pytest.raises(InvalidInput, match="nested=True"):
            mlflow.start_run()
        await asyncio.to_thread(mlflow.log_metric, "thread", 1)
        mlflow.end_run()  # not its own
        assert mlflow.active_run() is not None

    async def other() -> None:
        with mlflow.start_run(run_name="other"):
            await asyncio.sleep(0)
            await asyncio.gather(child())

    with mlflow.start_run(run_name="one") as run:
        await asyncio.gather(child(), asyncio.create_task(child()))
        found = mlflow.get_run(run.info.run_id)
        assert (found.info.status, found.data.metrics) == ("RUNNING", {"m": 1.0, "thread": 1.0})
    await other()
    assert all_runs()["other"].data.metrics == {"m": 1.0, "thread": 1.0}


async def test_what_started_in_a_helper_is_there_after_it() -> None:
    async def begin() -> None:
        mlflow.start_run(run_name="begun")

    await begin()
    mlflow.log_metric("m", 1)
    mlflow.end_run()
    assert mlflow.active_run() is None
    assert all_runs()["begun"].data.metrics == {"m": 1.0}


def test_a_run_around_the_loop_and_one_left_open_in_it() -> None:
    async def main() -> None:
        mlflow.log_metric("inside", 1)
        mlflow.start_run(run_name="left open", nested=True)

    with mlflow.start_run(run_name="outer"):
        asyncio.run(main())
        assert mlflow.active_run().info.run_name == "left open"  # type: ignore[union-attr]
        mlflow.log_metric("after", 1)
    runs = all_runs()
    assert runs["outer"].data.metrics == {"inside": 1.0}
    assert runs["left open"].data.metrics == {"after": 1.0}
    assert {run.info.status for run in runs.values()} == {"FINISHED"}


def test_a_run_begun_in_one_loop_is_ended_after_it() -> None:
    async def main() -> None:
        mlflow.start_run(run_name="cell")  # as in a notebook, where each cell may be a task

    asyncio.run(main())
    mlflow.log_metric("m", 1)

    async def last() -> None:
        mlflow.log_metric("n", 1)
        mlflow.end_run()

    asyncio.run(last())
    run = all_runs()["cell"]
    assert (run.info.status, run.data.metrics) == ("FINISHED", {"m": 1.0, "n": 1.0})


async def test_a_worker_thread_of_several_tasks_does_not_guess() -> None:
    loop = asyncio.get_running_loop()

    async def train(number: int, turn: asyncio.Barrier) -> None:
        with mlflow.start_run(run_name=f"run {number}"):
            await turn.wait()
            await asyncio.to_thread(mlflow.log_metric, "mine", number)
            await turn.wait()
            if number == 0:
                found = await loop.run_in_executor(None, mlflow.active_run)
                assert found is None
            await turn.wait()

    turn = asyncio.Barrier(2)
    await asyncio.gather(train(0, turn), train(1, turn))
    runs = all_runs()
    assert [runs[f"run {number}"].data.metrics["mine"] for number in range(2)] == [0.0, 1.0]


# processes

WORKERS = """
import multiprocessing, sys, tuiflow

def work(arguments):
    worker, run_id = arguments
    for step in range(50):
        tuiflow.log_metric(f"w{worker}", step, step=step, run_id=run_id)

if __name__ == "__main__":
    with tuiflow.start_run() as run:
        run_id = None if METHOD == "fork" else run.info.run_id
        context = multiprocessing.get_context(METHOD)
        with context.Pool(4) as pool:
            pool.map(work, [(worker, run_id) for worker in range(4)], chunksize=1)
        tuiflow.log_metric("main", 1)
"""


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
@pytest.mark.parametrize("level", ["tags", "all"])
def test_workers(store: Store, tmp_path: Path, method: str, level: str) -> None:
    code = f"METHOD = {method!r}\n{WORKERS}"
    script(store, tmp_path, code, TUIFLOW_CAPTURE=level)
    [run] = all_runs().values()
    assert run.info.status == "FINISHED"
    for worker in range(4):
        assert points(run.info.run_id, f"w{worker}") == [float(step) for step in range(50)]
    assert run.data.metrics["main"] == 1.0


def test_a_spawned_process_that_names_no_run_has_its_own(store: Store, tmp_path: Path) -> None:
    script(
        store,
        tmp_path,
        """
        import multiprocessing, tuiflow

        def work():
            tuiflow.log_metric("child", 1)

        if __name__ == "__main__":
            tuiflow.set_experiment("shared")
            with tuiflow.start_run(run_name="parent"):
                child = multiprocessing.get_context("spawn").Process(target=work)
                child.start()
                child.join()
                assert child.exitcode == 0
        """,
    )
    runs = all_runs()
    assert len(runs) == 2
    assert {run.info.experiment_name for run in runs.values()} == {"shared"}
    assert {run.info.status for run in runs.values()} == {"FINISHED"}


LOADER = """
import os, multiprocessing, threading, tuiflow

# Like a data loader: workers that outlive many batches, a thread that hands on what they make,
# all of them logging, and a fork while others write.

def worker(number, tasks, results):
    while (item := tasks.get()) is not None:
        tuiflow.log_metric(f"load/{number}", item, step=item)
        results.put(item)

context = multiprocessing.get_context("fork")
with tuiflow.start_run() as run:
    stop = threading.Event()
    def pin():
        step = 0
        while not stop.is_set():
            tuiflow.log_metric("pin", step, step=step)
            step += 1
    thread = threading.Thread(target=pin)
    thread.start()
    for epoch in range(3):
        tasks, results = context.Queue(), context.Queue()
        workers = [context.Process(target=worker, args=(n, tasks, results)) for n in range(3)]
        for process in workers:
            process.start()
        for item in range(epoch * 30, epoch * 30 + 30):
            tasks.put(item)
        for step in range(30):
            results.get()
            tuiflow.log_metric("train", step, step=epoch * 30 + step)
        for process in workers:
            tasks.put(None)
        for process in workers:
            process.join()
            assert process.exitcode == 0
    stop.set()
    thread.join()
"""


def test_like_a_data_loader(store: Store, tmp_path: Path) -> None:
    script(store, tmp_path, LOADER, TUIFLOW_CAPTURE="all")
    [run] = all_runs().values()
    loaded = [value for n in range(3) for value in points(run.info.run_id, f"load/{n}")]
    assert sorted(loaded) == [float(item) for item in range(90)]
    assert len(points(run.info.run_id, "train")) == 90
    pinned = points(run.info.run_id, "pin")
    assert pinned == [float(step) for step in range(len(pinned))]


def test_forks_right_after_the_start_of_a_run(store: Store, tmp_path: Path) -> None:
    # A child must not wait for ever for what the thread that gathers was doing.
    script(
        store,
        tmp_path,
        """
        import os, tuiflow
        for number in range(15):
            with tuiflow.start_run(run_name=f"run {number}"):
                pid = os.fork()
                if pid == 0:
                    try:
                        import subprocess, hashlib, zlib, tuiflow.tracking.context.findings
                        tuiflow.log_metric("child", number)
                        with tuiflow.start_run(run_name=f"own {number}"):
                            tuiflow.log_metric("m", 1)
                        os._exit(0)
                    finally:
                        os._exit(1)
                assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
        """,
        TUIFLOW_CAPTURE="all",
    )
    runs = all_runs()
    assert len(runs) == 30
    for number in range(15):
        assert runs[f"run {number}"].data.metrics == {"child": float(number)}
        for name in ("run", "own"):
            run_id = runs[f"{name} {number}"].info.run_id
            assert "packages" in {item.kind for item in store.contents.list(run_id)}


def test_subprocesses_log_to_runs_of_their_own(store: Store, tmp_path: Path) -> None:
    script(
        store,
        tmp_path,
        """
        import subprocess, sys, tuiflow
        with tuiflow.start_run(run_name="parent"):
            code = "import tuiflow; tuiflow.log_metric('m', 1)"
            subprocess.run([sys.executable, "-c", code], check=True)
        """,
    )
    runs = all_runs()
    assert len(runs) == 2
    assert runs["parent"].data.metrics == {}
