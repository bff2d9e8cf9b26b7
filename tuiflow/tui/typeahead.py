"""Keys typed ahead: each is acted on when the one before it has had its effect.

Textual hands every key to the widget that has the focus at that moment, and what a widget does with
it, such as opening a screen, comes about later. A burst of keys (typed fast over a slow line, sent
by a macro) would so reach widgets that have lost the focus since. Here a key waits until nothing
is left to be done for the one before it, which a person never notices.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from textual.command import CommandPalette
from textual.events import Event
from textual.screen import Screen
from textual.worker import WorkerError

if TYPE_CHECKING:
    from textual.message_pump import MessagePump

    from tuiflow.tui.app import TuiflowApp
    from tuiflow.tui.reader import Asks

HOLD_SECONDS = 1.0
"""How long a key waits at most for what the one before it does."""


class TypeAhead:
    """Gives keys to `deliver`, one after the other."""

    def __init__(self, app: TuiflowApp, deliver: Callable[[Event], Awaitable[None]]) -> None:
        self._app = app
        self._deliver = deliver
        self._waiting: deque[Event] = deque()
        self._task: asyncio.Task[None] | None = None
        self._asked: list[tuple[Asks, str]] = []
        self._answered = asyncio.Event()
        self._holds = False
        self._screen: Screen[object] | None = None

    @property
    def busy(self) -> bool:
        """Whether a key has not had its whole effect yet."""
        return self._task is not None

    async def take(self, event: Event) -> None:
        """Deliver a key now, or when those before it are done."""
        if self._task is not None:
            self._waiting.append(event)
            return
        await self._begin(event)
        self._task = asyncio.create_task(self._go_on())

    # what keys ask for

    def asked(self, asker: Asks, topic: str) -> None:
        """A question was put; where a key has led to it, the next one waits for its answer."""
        if self._holds:
            self._asked.append((asker, topic))

    def answered(self) -> None:
        """A question was answered or dropped."""
        self._answered.set()

    def let_go(self) -> None:
        """Don't have the next key wait for answers to this one, which may be held down."""
        self._holds = False

    # one key after the other

    async def _begin(self, event: Event) -> None:
        self._asked.clear()
        self._holds = True
        self._screen = self._app.screen
        await self._deliver(event)

    async def _go_on(self) -> None:
        try:
            await self._settle()
            while self._waiting and not self._app._exit:
                await self._begin(self._waiting.popleft())
                await self._settle()
        except Exception as error:  # as Textual does with what goes wrong in a handler
            self._app._handle_exception(error)
        finally:
            self._task = None

    async def _settle(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(HOLD_SECONDS):
                await self._quiet()
                while self._holds and self._open_questions():
                    self._answered.clear()
                    await self._answered.wait()
                    await self._quiet()
        self._holds = False

    def _open_questions(self) -> bool:
        return any(asker.is_attached and asker.waiting(topic) for asker, topic in self._asked)

    async def _quiet(self) -> None:
        """Return when no widget has anything left to do: twice in a row nothing was found."""
        calm, before = 0, None
        while calm < 2 and not self._app._exit:
            pumps = self._pumps()
            idle = pumps == before and all(pump._message_queue.empty() for pump in pumps)
            await _all_reached(pumps)
            if await self._shown() or not idle:
                calm = 0
            else:
                calm += 1
            before = pumps

    def _pumps(self) -> list[MessagePump]:
        return [self._app, *self._app.screen.walk_children(with_self=True)]

    async def _shown(self) -> bool:
        """Wait for a layout that is due, or for what is to be done after it; whether there was."""
        screen = self._app.screen
        if isinstance(screen, CommandPalette):
            workers = [
                work for work in self._app.workers if work.node is screen and work.is_running
            ]
            if workers:
                with suppress(WorkerError):
                    await self._app.workers.wait_for_complete(workers)
        due = screen is not self._screen or screen._layout_required or bool(screen._callbacks)
        self._screen = screen
        if due and screen.is_running:
            await screen.wait_for_refresh()
        return due


async def _all_reached(pumps: Sequence[MessagePump]) -> None:
    """Return when each has done what it had to do when this was called."""
    done = asyncio.Event()
    left = 0

    def reached() -> None:
        nonlocal left
        left -= 1
        if not left:
            done.set()

    # Counted before any of them can be reached: there is no await in between.
    left = sum(pump.call_later(reached) for pump in pumps)
    if left:
        await done.wait()
