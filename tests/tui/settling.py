"""Waiting until the app has come to rest, as told by itself rather than by the clock or the CPU.

Textual's Pilot takes the process for idle when it has used hardly any CPU for 20 ms, which on a
busy machine it does while there is a lot left to be done, and which takes 20 ms where nothing is.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Iterator
from typing import Any

from textual import _wait
from textual._context import active_app
from textual.app import App
from textual.message_pump import MessagePump
from textual.pilot import Pilot
from textual.screen import Screen
from textual.timer import Timer

from tuiflow.tui.app import TuiflowApp
from tuiflow.tui.reader import Asks

LOOKS = 3
"""How often in a row the same must stand on the screen."""
SOON = 1.0
"""Seconds within which a timer that runs out once is waited for."""
QUIET_ROUNDS = 5
"""Rounds of the event loop: a key, and what a thread sends, come to a queue in three of them."""
AT_MOST = 30.0
"""Seconds that messages and layouts are waited for."""

press = Pilot.press
_holding: list[object] = []


@contextlib.contextmanager
def held_up() -> Iterator[None]:
    """While a test holds workers up, they aren't waited for."""
    _holding.append(None)
    try:
        yield
    finally:
        _holding.pop()


async def at_rest(app: App[Any], seconds: float = 2 * AT_MOST) -> None:
    """Wait until nothing is left to do and several looks in a row see the same."""
    deadline = time.monotonic() + seconds
    seen: list[Any] = []
    while len(seen) < LOOKS:
        left = await _settled(app, deadline - time.monotonic(), timers=True)
        if left:
            raise AssertionError(f"the app does not come to rest: {left}")
        look = (app.focused, app.screen._compositor.render_strips())
        seen = [*seen, look] if seen[-1:] == [look] else [look]
        await asyncio.sleep(0.005)


async def wait_for_idle(min_sleep: float = 0.0, max_sleep: float = 1.0) -> None:
    """In the place of Textual's: wait until all is done, but for workers that a test holds up."""
    app = active_app.get(None)
    if app is None or _holding:
        await _wait.wait_for_idle(min_sleep, max_sleep)
    if app is not None:
        await _settled(app, AT_MOST, workers=not _holding)


async def press_when_idle(pilot: Pilot[Any], *keys: str) -> None:
    """In the place of `Pilot.press`: look before typing, as a person does."""
    await wait_for_idle()
    await press(pilot, *keys)


async def _settled(
    app: App[Any], seconds: float, *, workers: bool = True, timers: bool = False
) -> str:
    """Wait until nothing is left to do, for `seconds` at most; answers what is left then."""
    deadline = time.monotonic() + seconds
    busy = quiet = 0
    while not app._exit and quiet < QUIET_ROUNDS:
        # A worker's answer is a message, so that messages are looked at last.
        waited_for = (_worker(app) if workers else "") or (_timer(app) if timers else "")
        left = next(_todo(app), "")
        if (left or waited_for) and time.monotonic() > deadline:
            return left or waited_for
        quiet = 0 if left or waited_for else quiet + 1
        busy = busy + 1 if left else 0
        # Threads come on only while this one sleeps.
        await asyncio.sleep(0.002 if busy > 50 or (waited_for and not left) else 0)
        if app._running and not app._exit and _changed(app.screen):
            app.screen._on_timer_update()  # as Pilot does, rather than wait for the next frame
    return ""


def _todo(app: App[Any]) -> Iterator[str]:
    for pump in _pumps(app):
        if pump._next_callbacks or not (pump._closed or _is_waiting(pump)):
            yield f"what {pump} has to do"
    if _changed(app.screen):
        yield f"the layout of {app.screen}"
    if app.animator._animations or app.animator._scheduled:
        yield "an animation"
    if isinstance(app, TuiflowApp) and app.typeahead.busy:
        yield "keys"


def _worker(app: App[Any]) -> str:
    """A worker, or a question that rests before it is asked again for there is news."""
    workers = (str(worker) for worker in app.workers if not worker.is_finished)
    resting = (
        f"the question {topic!r} of {asks}"
        for asks in _pumps(app)
        if isinstance(asks, Asks)
        for topic, state in asks._topics.items()
        if state.due is not None
    )
    return next(workers, "") or next(resting, "")


def _timer(app: App[Any]) -> str:
    due = (f"{timer} of {pump}" for pump in _pumps(app) for timer in [*pump._timers] if _due(timer))
    return next(due, "")


def _due(timer: Timer) -> bool:
    """Whether it runs out soon, once: for ever repeated ones are the clock's."""
    if timer._task is None or timer._task.done():
        return False
    if timer._repeat is None:  # one that is started when needed, and pauses itself
        return timer._original_pause and timer._active.is_set() and timer._interval < 0.2
    return timer._interval <= SOON


def _pumps(app: App[Any]) -> list[MessagePump]:
    """The app and all that is or will be mounted in it, on every screen."""
    return [app, *list(app._registry)]


def _is_waiting(pump: MessagePump) -> bool:
    queue = pump._message_queue
    return queue.empty() and bool(queue.ready_event._waiters)


def _changed(screen: Screen[Any]) -> bool:
    return bool(
        screen._layout_required
        or screen._scroll_required
        or screen._repaint_required
        or screen._dirty_widgets
        or screen._callbacks
    )
