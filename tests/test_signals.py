"""How runs end when the process is told to: by ctrl+C, kill, timeout, a lost terminal.

The scripts nap: Python hears a signal that comes just before one long sleep when that is over.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

import tuiflow
from tuiflow.entities import Run
from tuiflow.store import Store


@contextmanager
def started(store: Store, code: str, *before: str) -> Iterator[subprocess.Popen[bytes]]:
    """The script, once it has printed a line; it must end by itself."""
    child = subprocess.Popen(
        [*before, sys.executable, "-c", textwrap.dedent(code)],
        env={**os.environ, "TUIFLOW_STORE": str(store.root)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert child.stdout is not None
    try:
        assert child.stdout.readline() == b"go\n"
        yield child
        child.wait(60)
    finally:
        child.kill()
        child.stdout.close()
        child.wait()


def runs(store: Store) -> list[Run]:
    tuiflow.set_tracking_uri(store.root)
    return tuiflow.search_runs(search_all_experiments=True, output_format="list")


WAITING = """
import time, tuiflow
with tuiflow.start_run():
    tuiflow.log_metric("m", 1)
    with tuiflow.start_run(nested=True):
        print("go", flush=True)
        while True:
            time.sleep(0.05)
"""
LEFT_OPEN = """
import time, tuiflow
tuiflow.start_run()
print("go", flush=True)
while True:
    time.sleep(0.05)
"""
IN_C = """
import tuiflow, threading
tuiflow.start_run()
threading.Timer(0.2, print, ["go"], {"flush": True}).start()  # once the main thread waits
threading.Event().wait()
"""
WRITING = """
import tuiflow
with tuiflow.start_run():
    for i in range(10_000_000):
        tuiflow.log_metrics({"a": i, "b": i}, step=i)
        if i == 50:
            print("go", flush=True)
"""
THREADS = """
import threading, time, tuiflow
def work():
    with tuiflow.start_run():
        tuiflow.log_metric("m", 1)
        ready.set()
        while True:
            time.sleep(0.05)
ready = threading.Event()
with tuiflow.start_run():
    threading.Thread(target=work, daemon=True).start()
    ready.wait()
    print("go", flush=True)
    while True:
        time.sleep(0.05)
"""
ASYNCIO = """
import asyncio, tuiflow
async def train(name):
    with tuiflow.start_run(run_name=name):
        await asyncio.sleep(0.01)
        if name == "main":
            print("go", flush=True)
        while True:
            await asyncio.sleep(0.05)
async def main():
    background = asyncio.create_task(train("background"))
    await train("main")
asyncio.run(main())
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
@pytest.mark.parametrize(
    "code", [WAITING, LEFT_OPEN, IN_C, WRITING, THREADS, ASYNCIO],
    ids=["waiting", "left open", "lock", "writing", "threads", "asyncio"],
)  # fmt: skip
def test_open_runs_end_killed(store: Store, code: str, number: signal.Signals) -> None:
    with started(store, code) as child:
        child.send_signal(number)
    assert child.returncode == -number
    found = runs(store)
    assert found
    assert {run.info.status for run in found} == {"KILLED"}
    assert all(run.info.end_time for run in found)


def test_many_kills_during_writes(store: Store) -> None:
    for _ in range(5):
        with started(store, WRITING) as child:
            child.terminate()
        assert child.returncode == -signal.SIGTERM
    assert [run.info.status for run in runs(store)] == ["KILLED"] * 5


def test_a_second_signal_at_once_changes_nothing(store: Store) -> None:
    with started(store, WRITING) as child:
        child.terminate()
        child.terminate()
        child.send_signal(signal.SIGHUP)
    assert child.returncode in (-signal.SIGTERM, -signal.SIGHUP)
    assert runs(store)[0].info.status == "KILLED"


@pytest.mark.skipif(shutil.which("timeout") is None, reason="there is no timeout(1)")
def test_under_timeout(store: Store) -> None:
    with started(store, WAITING, "timeout", "2") as child:
        pass
    assert child.returncode == 124
    assert {run.info.status for run in runs(store)} == {"KILLED"}


def test_what_ignores_a_signal_goes_on_ignoring_it(store: Store) -> None:
    code = """
    import os, signal, tuiflow
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    print("go", flush=True)
    with tuiflow.start_run():
        os.kill(os.getpid(), signal.SIGHUP)
        tuiflow.log_metric("m", 1)
    """
    with started(store, code) as child:
        pass
    assert child.returncode == 0
    [run] = runs(store)
    assert (run.info.status, run.data.metrics) == ("FINISHED", {"m": 1.0})


@pytest.mark.parametrize("when", ["before", "after"])
def test_the_scripts_own_handler_stays_in_force(store: Store, when: str) -> None:
    handler = "signal.signal(signal.SIGTERM, lambda *_: stop.append(1))"
    code = f"""
    import signal, time, tuiflow
    stop = []
    {handler if when == "before" else ""}
    with tuiflow.start_run():
        {handler if when == "after" else "pass"}
        print("go", flush=True)
        while not stop:
            time.sleep(0.01)
        tuiflow.log_metric("saved", 1)
    assert signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL
    """
    with started(store, code) as child:
        child.terminate()
    assert child.returncode == 0
    [run] = runs(store)
    assert (run.info.status, run.data.metrics) == ("FINISHED", {"saved": 1.0})


def test_a_handler_that_calls_the_one_it_found(store: Store) -> None:
    # As Lightning does: it ends the training in its own time, by an exit.
    code = """
    import signal, sys, time, tuiflow
    def on_term(number, frame):
        before(number, frame)
        stop.append(1)
    stop = []
    with tuiflow.start_run():
        before = signal.signal(signal.SIGTERM, on_term)
        print("go", flush=True)
        while not stop:
            time.sleep(0.01)
        tuiflow.log_metric("saved", 1)
        sys.exit(0)
    """
    with started(store, code) as child:
        child.terminate()
    assert child.returncode == 0
    [run] = runs(store)
    assert (run.info.status, run.data.metrics) == ("KILLED", {"saved": 1.0})


def test_a_task_that_the_script_cancels_has_failed(store: Store) -> None:
    code = """
    import asyncio, tuiflow
    async def train():
        with tuiflow.start_run():
            await asyncio.sleep(60)
    async def main():
        task = asyncio.create_task(train())
        await asyncio.sleep(0.1)
        task.cancel()
        await asyncio.wait([task])
    print("go", flush=True)
    asyncio.run(main())
    """
    with started(store, code) as child:
        pass
    assert child.returncode == 0
    assert [run.info.status for run in runs(store)] == ["FAILED"]


def test_after_the_last_run_all_is_as_before() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with tuiflow.start_run():
        with tuiflow.start_run(nested=True):
            pass
        assert signal.getsignal(signal.SIGTERM) is not before
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_forked_child_is_killed_as_ever(store: Store) -> None:
    code = """
    import multiprocessing, os, signal, time, tuiflow
    def work(pipe):
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
        tuiflow.log_metric("child", 1)
        pipe.send(1)
        while True:
            time.sleep(0.05)
    with tuiflow.start_run():
        context = multiprocessing.get_context("fork")
        here, there = context.Pipe()
        child = context.Process(target=work, args=(there,))
        child.start()
        here.recv()
        child.terminate()
        child.join()
        assert child.exitcode == -signal.SIGTERM, child.exitcode
    print("go", flush=True)
    """
    with started(store, code) as child:
        pass
    assert child.returncode == 0
    [run] = runs(store)
    assert (run.info.status, run.data.metrics) == ("FINISHED", {"child": 1.0})


def test_a_child_with_a_run_of_its_own_ends_that(store: Store) -> None:
    code = """
    import os, signal, time, tuiflow
    with tuiflow.start_run(run_name="parent"):
        read, write = os.pipe()
        pid = os.fork()
        if pid == 0:
            tuiflow.start_run(run_name="child")
            os.write(write, b"x")
            while True:
                time.sleep(0.05)
        os.read(read, 1)
        os.kill(pid, signal.SIGTERM)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGTERM
    print("go", flush=True)
    """
    with started(store, code) as child:
        pass
    assert child.returncode == 0
    statuses = {run.info.run_name: run.info.status for run in runs(store)}
    assert statuses == {"parent": "FINISHED", "child": "KILLED"}


def test_exit_codes(store: Store) -> None:
    for end, code, status in [
        ("sys.exit(3)", 3, "FAILED"),
        ("sys.exit(0)", 0, "FINISHED"),
        ("sys.exit()", 0, "FINISHED"),
        ("1 / 0", 1, "FAILED"),
    ]:
        script = f"""
        import sys, tuiflow
        print("go", flush=True)
        with tuiflow.start_run():
            {end}
        """
        with started(store, script) as child:
            pass
        assert child.returncode == code
        assert runs(store)[0].info.status == status
