"""`tuiflow tail` beside a process that writes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from shell import Cli

from tuiflow.config import RUN_LOG
from tuiflow.entities import Metric
from tuiflow.store import Store

_WRITER = f"""
import json, sys, tuiflow
from tuiflow.store import open_store
tuiflow.set_tracking_uri(sys.argv[1])
store = open_store(sys.argv[1])
with tuiflow.start_run(run_name="live") as run:
    print(run.info.run_id, flush=True)
    log = store.artifact_file(run.info.run_id, {RUN_LOG!r})
    for line in sys.stdin:
        what, *values = json.loads(line)
        if what == "log":
            with log.open("a") as file:
                file.write(values[0])
        else:
            tuiflow.log_metric(what, values[0], step=values[1])
        print("done", flush=True)
"""


class Spoken:
    """A process that is spoken to by lines; it is killed after a minute."""

    def __init__(self, store: Store, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, *arguments],
            env={**os.environ, "TUIFLOW_STORE": str(store.root)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._end = threading.Timer(60, self.process.kill)
        self._end.start()

    def hear(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().rstrip("\n")

    def say(self, *values: object) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(values) + "\n")
        self.process.stdin.flush()
        assert self.hear() == "done"

    def no_more(self) -> None:
        """Let it read the end."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.stdin = None

    def wait(self) -> tuple[int, str]:
        """Exit code and what it said on stderr."""
        _, err = self.process.communicate()
        self._end.cancel()
        return self.process.returncode, err

    def close(self) -> None:
        self.process.kill()
        self.wait()


@pytest.fixture
def writer(store: Store) -> Iterator[Spoken]:
    process = Spoken(store, "-c", _WRITER, str(store.root))
    yield process
    process.close()


@pytest.fixture
def live(writer: Spoken) -> str:
    return writer.hear()


def follow(store: Store, *arguments: str) -> Spoken:
    return Spoken(store, "-m", "tuiflow", "tail", *arguments)


def test_follows_metrics_and_log_until_the_end(store: Store, writer: Spoken, live: str) -> None:
    writer.say("loss", 0.5, 1)
    tail = follow(store, "live", "-n", "99", "--format", "json")

    def heard() -> tuple[Any, ...]:
        item = json.loads(tail.hear())
        return tuple(item[key] for key in ("key", "value", "step", "line") if key in item)

    try:
        assert heard() == ("loss", 0.5, 1)
        writer.say("loss", 0.4, 2)
        assert heard() == ("loss", 0.4, 2)
        writer.say("loss", float("nan"), 0)  # before the others
        assert heard() == ("loss", "NaN", 0)
        writer.say("acc", 1.0, 2)
        assert heard() == ("acc", 1.0, 2)
        writer.say("log", "one\nhalf")
        assert heard() == ("one",)
        writer.say("log", " and half\n\x1b[1mbold\x1b[0m\n")
        assert heard() == ("half and half",)
        assert heard() == ("bold",)
        writer.say("log", "no end")
        writer.say("loss", 0.3, 3)
        assert heard() == ("loss", 0.3, 3)
        writer.no_more()
        assert heard() == ("no end",)
        end = json.loads(tail.hear())
        assert (end["type"], end["status"], end["run_id"]) == ("end", "FINISHED", live)
        assert tail.wait() == (0, "")
    finally:
        tail.close()


def test_ends_when_the_process_is_gone(store: Store, writer: Spoken, live: str) -> None:
    writer.say("loss", 0.5, 1)
    tail = follow(store, live[:8])
    try:
        assert tail.hear().endswith("loss  step 1  0.500000")
        writer.process.kill()
        writer.process.wait()
        assert "STALE: its process" in tail.hear()
        code, err = tail.wait()
        assert (code, err.startswith(f"live ({live[:8]}) in Default")) == (0, True)
    finally:
        tail.close()


def test_ctrl_c_leaves_quietly(store: Store, writer: Spoken, live: str) -> None:
    writer.say("loss", 0.5, 1)
    tail = follow(store, "--format", "json")  # of the latest run
    try:
        assert json.loads(tail.hear())["key"] == "loss"
        tail.process.send_signal(signal.SIGINT)
        assert tail.wait() == (130, "")
    finally:
        tail.close()
    writer.say("loss", 0.4, 2)  # the run goes on


@pytest.fixture
def ended(store: Store) -> str:
    run_id = store.create_run("0", "old").info.run_id
    store.log_batch(run_id, [Metric("a", float(step), 1000 * step, step) for step in range(20)])
    store.log_batch(run_id, [Metric("b", 1.0, 18_500, 0)])
    store.artifact_file(run_id, RUN_LOG).write_text("".join(f"line {i}\n" for i in range(20)))
    store.finish_run(run_id, "FAILED", end_time=store.get_run(run_id).info.start_time + 61_000)
    return run_id


def test_a_run_that_has_ended(cli: Cli, store: Store, ended: str) -> None:
    def last(*arguments: str) -> list[str]:
        result = cli("tail", "old", *arguments)
        assert result.code == 0, result.err
        return result.out.splitlines()

    end = f"✗ FAILED after 1m 01s: old ({ended[:8]})"
    assert [line.split("  ", 1)[-1] for line in last("-n", "2")] == [
        "b  step 0  1", "a  step 19  19", "line 18", "line 19", end,
    ]  # fmt: skip
    assert last("-n", "1", "--log") == ["line 19", end]
    assert len(last("--metrics")) == 11
    assert last("-n", "0") == [end]
    assert len(last("-n", "9" * 20)) == 42
    assert "not" not in cli("tail", "old", "--metrics", "--log").out
    assert cli("tail", "old", "--metrics", "--log").code == 2


def test_a_run_without_anything(cli: Cli, store: Store) -> None:
    run_id = store.create_run("0", "empty").info.run_id
    store.finish_run(run_id, "FINISHED")
    assert len(cli("tail", "empty").out.splitlines()) == 1
