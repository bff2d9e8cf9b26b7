"""How widgets and screens ask the store without holding up the screen.

A question runs in a worker thread; its answer comes back as a message and is dropped when a newer
question on the same topic has been asked meanwhile.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from textual.message import Message
from textual.widget import Widget
from textual.worker import get_current_worker

from tuiflow.errors import TuiflowError

if TYPE_CHECKING:
    from textual import getters
    from textual.timer import Timer

    from tuiflow.store import Store
    from tuiflow.tui.app import TuiflowApp

SPINNER_SECONDS = 0.15
"""How long a question may take before a screen says that it is waiting."""

REST = 4
"""Usual rest before a question is asked again for news, as many times as long as its answer took: a
big store that is written to must not keep a core busy."""

T = TypeVar("T")


class StoreChanged(Message, bubble=False):
    """Sent to the screen being looked at when the store holds something new."""


class Answered(Message, bubble=False):
    """A worker's answer on its way to the widget that asked."""

    def __init__(self, topic: str, generation: int, deliver: Callable[[], None]) -> None:
        super().__init__()
        self.topic = topic
        self.generation = generation
        self.deliver = deliver


@dataclass(slots=True)
class _Topic:
    generation: int = 0
    timer: Timer | None = None
    running: bool = False
    ended: float = 0.0
    took: float = 0.0
    again: Callable[[], None] | None = None
    due: Timer | None = None


class Asks(Widget):
    """Base of widgets, and mixin of screens, that ask the store."""

    if TYPE_CHECKING:
        app = getters.app(TuiflowApp)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._topics: dict[str, _Topic] = {}

    @property
    def store(self) -> Store:
        return self.app.store

    def ask(
        self,
        topic: str,
        question: Callable[[], T],
        then: Callable[[T], None],
        *,
        failed: Callable[[TuiflowError], None] | None = None,
        delay: float = 0.0,
    ) -> None:
        """Run `question` in a worker after `delay` seconds and call `then` with its answer.

        Only the latest question of a topic is answered. A TuiflowError goes to `failed`, or is
        shown as an error of the app. `then` and `failed` run in the app's own thread.
        """
        generation = self.forget(topic)
        work = partial(self._work, topic, generation, question, then, failed or self.app.fail)
        if delay > 0:
            self._topics[topic].timer = self.set_timer(delay, partial(self._start, topic, work))
        else:
            self.app.typeahead.asked(self, topic)
            self._start(topic, work)

    def keep_up(self, topic: str, ask: Callable[[], None], rest: float = REST) -> None:
        """Have the question of a topic asked again for there is news: `ask` asks it.

        That is not while it is being answered, nor before a rest of `rest` times what it took.
        """
        state = self._topics.setdefault(topic, _Topic())
        if state.running:
            state.again = partial(self.keep_up, topic, ask, rest)
        elif state.due is None:
            delay = state.ended + rest * state.took - time.monotonic()
            if delay <= 0:
                ask()
            else:
                state.due = self.set_timer(delay, ask)

    def forget(self, topic: str) -> int:
        """Drop the last question of this topic; returns the generation of the next one."""
        state = self._topics.setdefault(topic, _Topic())
        if state.due is not None:
            state.due.stop()
        state.due = state.again = None
        if state.timer is not None:
            state.timer.stop()
        state.timer = None
        state.running = False
        state.generation += 1
        self.app.typeahead.answered()
        return state.generation

    def waiting(self, topic: str) -> bool:
        """Whether the last question of this topic is being answered."""
        return topic in self._topics and self._topics[topic].running

    def _start(self, topic: str, work: Callable[[], None]) -> None:
        self._topics[topic].running = True
        self.run_worker(work, group=f"ask-{topic}", thread=True, exclusive=True)

    def _work(
        self,
        topic: str,
        generation: int,
        question: Callable[[], Any],
        then: Callable[[Any], None],
        failed: Callable[[TuiflowError], None],
    ) -> None:
        if get_current_worker().is_cancelled:
            return
        deliver: Callable[[], None]
        start = time.monotonic()
        try:
            answer = question()
        except TuiflowError as error:
            deliver = partial(failed, error)
        else:
            deliver = partial(then, answer)
        end = time.monotonic()
        self._topics[topic].ended, self._topics[topic].took = end, end - start
        self.post_message(Answered(topic, generation, deliver))

    def on_answered(self, message: Answered) -> None:
        state = self._topics[message.topic]
        if self.is_attached and state.generation == message.generation:
            state.running = False
            message.deliver()
            again, state.again = state.again, None
            if again is not None and not state.running:
                again()
            self.app.typeahead.answered()
