"""Keys typed ahead: each is acted on when the one before it has had its effect.

Textual hands every key to the widget that has the focus at that moment, and what a widget does with
it, such as opening a screen, comes about later. A burst of keys (typed fast over a slow line, sent
by a macro) would so reach widgets that have lost the focus since. Here a key waits until nothing
is left to be done for the one before it, which a person never notices.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from textual._queue import Queue
from textual.app import ScreenStackError
from textual.command import CommandPalette
from textual.events import Event
from textual.message import Message
from textual.screen import Screen
from textual.worker import WorkerError

if TYPE_CHECKING:
    from textual.message_pump import MessagePump

    from tuiflow.tui.app import TuiflowApp
    from tuiflow.tui.reader import Asks

HOLD_SECONDS = 1.0
"""How long a key waits at most for what the one before it does."""
SPINS, SPIN_SECONDS = 100, 0.002
"""How often it is looked at once whether all is done, and how long is waited between two looks
after that."""


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
        except ScreenStackError:  # the app has ended
            return
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
        """Return when no widget has anything left to do, and what it has done is laid out."""
        while not self._app._exit:
            rounds = 0
            while not all(map(_is_idle, self._pumps())):
                rounds += 1
                await asyncio.sleep(0 if rounds < SPINS else SPIN_SECONDS)
            if not await self._shown():
                return

    def _pumps(self) -> list[MessagePump]:
        return [self._app, *self._app.screen.walk_children(with_self=True)]

    async def _shown(self) -> bool:
        """Wait for a layout that is due, or for what is to be done after it; whether there was."""
        screen = self._app.screen
        if isinstance(screen, CommandPalette):  # searches in workers
            workers = [work for work in self._app.workers if work.node is screen]
            if not all(work.is_finished for work in workers):
                with suppress(WorkerError):
                    await self._app.workers.wait_for_complete(workers)
                return True
        if not screen.is_running:  # it never lays out what is due
            return False
        due = screen is not self._screen or screen._layout_required or bool(screen._callbacks)
        self._screen = screen
        if due:
            await screen.wait_for_refresh()
            await asyncio.sleep(0)  # lets the time run out where it changes nothing
        return due


def _is_idle(pump: MessagePump) -> bool:
    """Whether it has no message left and waits for one, as the event of its queue tells."""
    queue: Queue[Message | None] = pump._message_queue
    return pump._closed or (queue.empty() and bool(queue.ready_event._waiters))
