"""How an action of the table finds the method that carries it out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from inspect import isawaitable
from typing import TYPE_CHECKING, Any, cast

from textual.binding import BindingsMap
from textual.dom import DOMNode

from tuiflow.tui.actions import Action, action, rebound

if TYPE_CHECKING:
    from textual.screen import Screen

    from tuiflow.tui.app import TuiflowApp

    _Base = Screen[Any]
else:
    # A widget takes its styles after its first base that is a node, which this must not be.
    _Base = object


class Acts(_Base):
    """Mixin of screens whose bindings come from the action table."""

    def why_not(self, action_id: str) -> str | None:
        """One sentence saying why this action can't be done now, None where it can."""
        return None

    def usable_actions(self) -> list[Action]:
        """The actions that are bound and handled where the focus is, in the table's order."""
        actions = cast("TuiflowApp", self.app).actions
        return [item for item in actions.values() if self._handler(item) is not None]

    def told_help(self) -> str:
        """What the widget that has the focus, or what it is in, tells about itself."""
        return next((node.HELP for node in self._focus_chain() if node.HELP), "")

    async def action_act(self, action_id: str) -> None:
        """Carry out an action of the table, or say why it can't be done now."""
        item = action(action_id)
        app = cast("TuiflowApp", self.app)
        reason = self.why_not(action_id)
        if reason is not None:
            app.say(reason, severity="warning")
            return
        if item.is_motion:
            app.typeahead.let_go()
        handler = self._handler(item)
        if handler is not None:
            result = handler()
            if isawaitable(result):
                await result

    @property
    def _binding_chain(self) -> list[tuple[DOMNode, BindingsMap]]:
        # Where Textual looks for bindings: the one place that all of them pass.
        app = cast("TuiflowApp", self.app)
        if app.settings.keys:
            for node in self._focus_chain():
                if node not in app.rebound:
                    node._bindings = rebound(node._bindings, app.actions)
                    app.rebound.add(node)
        return super()._binding_chain

    def _handler(self, item: Action) -> Callable[[], Any] | None:
        chain = list(self._focus_chain())
        if action(item.id).keys and not any(_binds(node, item) for node in chain):
            return None
        for node in chain:
            handler: Callable[[], Any] | None = getattr(node, item.handler, None)
            if handler is not None:
                return handler
        return None

    def _focus_chain(self) -> Iterator[DOMNode]:
        for node in self.focused.ancestors_with_self if self.focused is not None else ():
            if node is self:
                break
            yield node
        yield self
        yield self.app


def _binds(node: DOMNode, item: Action) -> bool:
    return any(
        binding.id == item.id
        for bound in node._bindings.key_to_bindings.values()
        for binding in bound
    )
