"""A small store that is the same every time, and the app over it with a stopped clock."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime
from inspect import isawaitable
from typing import Any

import pytest
from exercised import EXERCISED
from settling import at_rest, held_up, press_when_idle, wait_for_idle
from textual.css.model import RuleSet
from textual.css.stylesheet import Stylesheet
from textual.pilot import Pilot

from tuiflow.entities import (
    TAG_MODELS,
    TAG_NOTE,
    TAG_PARENT,
    TAG_SOURCE_NAME,
    Metric,
    Param,
    Process,
    Run,
    RunTag,
)
from tuiflow.store import Store, runs
from tuiflow.tui.acts import Acts
from tuiflow.tui.app import TuiflowApp
from tuiflow.tui.widgets.welcome import WELCOMED

NOW = int(datetime(2026, 11, 24, 14, 2, tzinfo=UTC).timestamp() * 1000)
SECOND, MINUTE, HOUR, DAY = 1000, 60_000, 3_600_000, 86_400_000

WINE = (
    # name, age, took, alpha, l1_ratio, rmse, mae, r2
    ("able-crane-41", 3 * MINUTE, 1200, 0.001, 0.5, 0.75043, 0.58372, 0.27264),
    ("bold-otter-7", 2 * HOUR, 1100, 0.1, 0.1, 0.77925, 0.61131, 0.21574),
    ("bold-otter-3", 2 * HOUR + MINUTE, 1150, 0.5, 0.5, 0.82224, 0.62788, 0.12679),
    ("mild-heron-2", 5 * HOUR, 980, 0.2, 0.9, 0.80613, 0.63902, 0.16066),
    ("kind-finch-12", 9 * HOUR, 1020, 1.0, 0.5, 0.85873, 0.64941, 0.04756),
    ("wry-lemur-6", 1 * DAY, 890, 0.05, 0.25, 0.76588, 0.59544, 0.24238),
)


@pytest.fixture
def fixed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ids, user and time zone that are the same everywhere."""
    rng = random.Random(41)
    monkeypatch.setattr(runs, "_new_id", lambda: rng.getrandbits(128).to_bytes(16, "big"))
    for name in ("LOGNAME", "USER"):
        monkeypatch.setenv(name, "ada")
    for name in ("NO_COLOR", "COLORTERM", "TEXTUAL_ANIMATIONS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()


@pytest.fixture
def seeded(store: Store, fixed: None, monkeypatch: pytest.MonkeyPatch) -> Store:
    """Three experiments: linear models, one with curves and a live run, and a nested search."""
    wine = store.create_experiment("wine")
    digits = store.create_experiment("digits")
    search = store.create_experiment("grid-search")
    for name, age, took, alpha, l1_ratio, *scores in WINE:
        run = _run(store, wine, name, age, {"alpha": str(alpha), "l1_ratio": str(l1_ratio)})
        metrics = zip(("rmse", "mae", "r2"), scores, strict=True)
        _log(store, run, [Metric(key, value, NOW - age) for key, value in metrics])
        _tag(store, run, TAG_MODELS, "model")
        _tag(store, run, TAG_SOURCE_NAME, "train.py")
        store.finish_run(run.info.run_id, "FINISHED", NOW - age + took)
        if name == "able-crane-41":
            _tag(store, run, TAG_NOTE, "the first one below 0.76")
            _tag(store, run, "team", "cellar")
    failed = _run(store, wine, "dire-moth-2", 2 * DAY, {"alpha": "-1", "l1_ratio": "0.5"})
    store.finish_run(failed.info.run_id, "FAILED", NOW - 2 * DAY + 200)
    for place, name in enumerate(("deep-panda-1", "deep-panda-2")):
        age = (40 if place else 300) * SECOND
        params = {"hidden": str(32 * (place + 1)), "lr": "0.001"}
        run = _run(store, digits, name, age, params)
        _log(store, run, list(_curve(NOW - age, 20 if place else 40, 0.9 + place)))
        if not place:
            store.finish_run(run.info.run_id, "FINISHED", NOW - age + 12_000)
    with monkeypatch.context() as patch:
        patch.setattr(runs, "this_process", lambda: Process("gpu-07", 4_000_000, 1, "gone", 0))
        lost = _run(store, digits, "lost-heron-9", 3 * DAY, {"hidden": "16", "lr": "0.1"})
        _log(store, lost, list(_curve(NOW - 3 * DAY, 5, 1.4)))
    parent = _run(store, search, "grid", 6 * DAY, {"folds": "3"})
    for number in range(3):
        age = 6 * DAY - (number + 1) * SECOND
        child = _run(store, search, f"trial-{number}", age, {"depth": str(2 + number)})
        _tag(store, child, TAG_PARENT, parent.info.run_id)
        _log(store, child, [Metric("score", 0.7 + number / 25, NOW - age)])
        store.finish_run(child.info.run_id, "FINISHED", NOW - age + 700)
    store.finish_run(parent.info.run_id, "FINISHED", NOW - 6 * DAY + 4000)
    return store


@pytest.fixture(autouse=True)
def acted(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A test that is named for an action in exercised.py must carry it out."""
    name = f"{request.path.name}::{getattr(request.node, 'originalname', '')}"
    due = {action_id for action_id, test in EXERCISED.items() if test == name}
    act = Acts.action_act

    async def noted(screen: Acts, action_id: str) -> None:
        if screen.why_not(action_id) is None:
            due.discard(action_id)
        await act(screen, action_id)

    if due:
        monkeypatch.setattr(Acts, "action_act", noted)
    yield
    assert not due, f"the test ran without {', '.join(sorted(due))}"


@pytest.fixture(autouse=True, scope="session")
def patient() -> Iterator[None]:
    """Pilot waits for what the app has to do, however busy or idle the machine is."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("textual.pilot.wait_for_idle", wait_for_idle)
        patch.setattr("textual.app.wait_for_idle", wait_for_idle)
        patch.setattr(Pilot, "press", press_when_idle)
        yield


@pytest.fixture
def held() -> Iterator[None]:
    """For a test that holds workers up: Pilot doesn't wait for them."""
    with held_up():
        yield


@pytest.fixture(autouse=True, scope="session")
def parsed_once() -> Iterator[None]:
    """Styles are read once, not by each app anew: a third of what a test costs."""
    parse = Stylesheet._parse_rules
    known: dict[Any, list[RuleSet]] = {}

    def parse_once(sheet: Stylesheet, *source: Any, **how: Any) -> list[RuleSet]:
        key = (source, frozenset(how.items()), frozenset(sheet._variables.items()))
        if key not in known:
            known[key] = parse(sheet, *source, **how)
        return known[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Stylesheet, "_parse_rules", parse_once)
        yield


@pytest.fixture
def snap_compare(snap_compare: Callable[..., bool]) -> Callable[..., bool]:
    """Compare what stands on the screen with its snapshot once the app has come to rest."""

    def compare(
        app: TuiflowApp,
        *,
        terminal_size: tuple[int, int],
        run_before: Callable[[Pilot[Any]], Awaitable[None] | None],
    ) -> bool:
        async def until_at_rest(pilot: Pilot[Any]) -> None:
            result = run_before(pilot)
            if isawaitable(result):
                await result
            await at_rest(pilot.app)

        app.NOTIFICATION_TIMEOUT = DAY  # what the app says stays, however long the rest takes
        return snap_compare(app, terminal_size=terminal_size, run_before=until_at_rest)

    return compare


@pytest.fixture
def app_of(fixed: None) -> Iterator[Callable[[Store], TuiflowApp]]:
    """Make the app over a store, with a stopped clock and a fixed header."""

    def make(store: Store, *, new_here: bool = False) -> TuiflowApp:
        store.put_state(WELCOMED, not new_here)
        return TuiflowApp(
            store,
            location_reason="it was named explicitly",
            clock=lambda: NOW,
            host="gpu-07",
            store_label="~/wine/.tuiflow",
        )

    yield make
    time.tzset()


@pytest.fixture
def app(seeded: Store, app_of: Callable[[Store], TuiflowApp]) -> TuiflowApp:
    """The app over the seeded store."""
    return app_of(seeded)


def _run(store: Store, experiment: str, name: str, age: int, params: dict[str, str]) -> Run:
    run = store.create_run(experiment, name, NOW - age)
    store.log_batch(run.info.run_id, params=[Param(key, value) for key, value in params.items()])
    return run


def _log(store: Store, run: Run, metrics: list[Metric]) -> None:
    store.log_batch(run.info.run_id, metrics=metrics)


def _tag(store: Store, run: Run, key: str, value: str) -> None:
    store.log_batch(run.info.run_id, tags=[RunTag(key, value)])


def _curve(start: int, steps: int, height: float) -> Iterator[Metric]:
    for step in range(steps):
        when = start + step * 300
        loss = height * math.exp(-step / 12) + 0.02 * math.sin(step)
        yield Metric("train/loss", loss, when, step)
        yield Metric("val/loss", loss * 1.1 + 0.05, when, step)
        yield Metric("val/acc", 1 - loss / 3, when, step)
