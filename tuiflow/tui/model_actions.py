"""What can be done with registered models and their versions, wherever one is chosen."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from tuiflow.entities import ModelVersion, RegisteredModel, Run, ServerInfo
from tuiflow.models.uri import RegistryModel
from tuiflow.text import clean
from tuiflow.tui.bulk import plural
from tuiflow.tui.registered import find_run, find_served
from tuiflow.tui.screens.base import StoreScreen
from tuiflow.tui.undo import Undo

CHAMPION = "champion"
"""The alias that is offered when a version is promoted."""


class ModelActions(StoreScreen):
    """A screen with a model under the cursor, and maybe one version of it."""

    PLACE = "models"

    @property
    def current_model(self) -> RegisteredModel | None:
        raise NotImplementedError

    @property
    def current_version(self) -> ModelVersion | None:
        """The version under the cursor, None where it is on a model as a whole."""
        raise NotImplementedError

    def why_not(self, action_id: str) -> str | None:
        model = self.current_model
        if action_id not in _NEEDS_MODEL:
            return super().why_not(action_id)
        if model is None:
            return "There is no registered model here"
        if action_id in _NEEDS_VERSION and model.newest_version is None:
            how = self.app.keyed("{runs.register} in Runs registers a run's model")
            return f"{clean(model.name, 40)} has no version: {how}"
        return None

    @property
    def _number(self) -> int | None:
        """The version under the cursor, or the newest of the model."""
        version, model = self.current_version, self.current_model
        if version is not None:
            return version.version
        return None if model is None else model.newest_version

    @property
    def _title(self) -> str:
        model, version = self.current_model, self.current_version
        name = "" if model is None else clean(model.name, 40)
        return name if version is None else f"{name} version {version.version}"

    def action_copy_id(self) -> None:
        model, number = self.current_model, self._number
        if model is not None and number is not None:
            address = str(RegistryModel(model.name, number))
            self.app.copy(address, clean(address, 60))

    # serving, and running again

    def action_serve(self) -> None:
        model, number = self.current_model, self._number
        if model is None or number is None:
            return
        if self.current_version is not None or not model.aliases:
            self._serve(RegistryModel(model.name, number))
            return
        from tuiflow.tui.modals.choose import ChooseModal

        addresses = {
            f"@{alias}": RegistryModel(model.name, alias=alias) for alias in sorted(model.aliases)
        }
        texts = [(key, f"version {model.aliases[key[1:]]}") for key in addresses]
        addresses["newest"] = RegistryModel(model.name, number)
        texts.append(("newest", f"version {number}"))
        self.app.push_screen(
            ChooseModal(f"Serve {clean(model.name, 40)}", texts),
            lambda key: self._serve(addresses[key]) if key else None,
        )

    def _serve(self, address: RegistryModel) -> None:
        store = self.store
        self.ask("serve", lambda: find_served(store, address), partial(self._ask_port, address))

    def _ask_port(self, address: RegistryModel, found: tuple[Run, str]) -> None:
        from tuiflow.tui.modals.serve import ServeModal

        self.app.push_screen(ServeModal(*found, title=str(address)), self._served)

    def _served(self, server: ServerInfo | None) -> None:
        if server is not None:
            self.app.started_servers.add(server.server_id)
            self.app.store_changed()
            self.app.action_servers()

    def with_run(self, then: Callable[[Run], object]) -> None:
        """Call `then` with the run of the version, or of the newest one; or say that it is gone."""
        model, number, store = self.current_model, self._number, self.store
        if model is None or number is None:
            return
        name = model.name

        def question() -> Run | None:
            return find_run(store, store.registry.get_version(name, number).run_id)

        def found(run: Run | None) -> None:
            if run is None:
                self.app.say(f"The run of version {number} is not in this store")
            else:
                then(run)

        self.ask("run-of", question, found)

    def action_retrain(self) -> None:
        self.with_run(lambda run: self.app.reruns.ask(self, run))

    # changes

    def action_promote(self) -> None:
        from tuiflow.tui.modals.promote import PromoteModal

        model, number = self.current_model, self._number
        if model is not None and number is not None:
            self.app.push_screen(
                PromoteModal(model, number, CHAMPION), partial(self._promote, model.name, number)
            )

    def _promote(self, name: str, number: int, alias: str | None) -> None:
        if alias is None:
            return
        registry = self.store.registry
        # What the alias meant is known once the worker has asked.
        before: list[int | None] = []

        def write() -> None:
            before.append(registry.get_model(name).aliases.get(alias))
            registry.set_alias(name, alias, number)

        def revert() -> None:
            if before[-1] is None:
                registry.delete_alias(name, alias)
            else:
                registry.set_alias(name, alias, before[-1])

        address = clean(f"{name}@{alias}", 60)
        self.change(
            write,
            Undo(f"{address} is version {number}", revert, f"{address} is what it was before"),
        )

    def action_tags(self) -> None:
        from tuiflow.tui.modals.tags import TagsModal

        thing = self.current_version or self.current_model
        if thing is not None:
            self.app.push_screen(
                TagsModal(f"Tags of {self._title}", [thing.tags]), partial(self._tag, thing)
            )

    def _tag(
        self, thing: RegisteredModel | ModelVersion, edits: dict[str, str | None] | None
    ) -> None:
        if not edits:
            return
        registry = self.store.registry
        old = {key: thing.tags.get(key) for key in edits}

        def write(values: dict[str, str | None]) -> None:
            for key, value in values.items():
                if isinstance(thing, ModelVersion):
                    if value is None:
                        registry.delete_version_tag(thing.name, thing.version, key)
                    else:
                        registry.set_version_tag(thing.name, thing.version, key, value)
                elif value is None:
                    registry.delete_model_tag(thing.name, key)
                else:
                    registry.set_model_tag(thing.name, key, value)

        title = f"Changed {plural(len(edits), 'tag')} of {self._title}"
        self.change(partial(write, edits), Undo(title, partial(write, old), f"{title}: undone"))

    def action_describe(self) -> None:
        from tuiflow.tui.modals.note import NoteModal

        thing = self.current_version or self.current_model
        if thing is not None:
            self.app.push_screen(
                NoteModal(f"Description of {self._title}", thing.description or ""),
                partial(self._describe, thing),
            )

    def _describe(self, thing: RegisteredModel | ModelVersion, text: str | None) -> None:
        if text is None or text == (thing.description or ""):
            return
        registry = self.store.registry

        def write(description: str | None) -> None:
            if isinstance(thing, ModelVersion):
                registry.update_version(thing.name, thing.version, description)
            else:
                registry.update_model(thing.name, description)

        title = f"Changed the description of {self._title}"
        self.change(
            partial(write, text or None),
            Undo(title, partial(write, thing.description), f"{title}: undone"),
        )

    def action_delete(self) -> None:
        model, version = self.current_model, self.current_version
        if model is None:
            return
        store = self.store
        if version is not None:
            aliases = "".join(f"  @{alias}" for alias in version.aliases)
            self._ask_delete([f"version {version.version}{aliases}", version.source])
            return
        name = model.name
        self.ask(
            "versions",
            lambda: [
                f"version {item.version}  {item.source}"
                for item in store.registry.list_versions(name)[::-1]
            ],
            self._ask_delete,
        )

    def _ask_delete(self, names: list[str]) -> None:
        from tuiflow.tui.modals.confirm import ConfirmModal

        model, version = self.current_model, self.current_version
        if model is None:
            return
        again = "a version's number is never given twice. " if names else ""
        remark = f"This can't be undone: {again}The models stay in their runs."
        if not names:
            remark = "This can't be undone."
        delete: Callable[[], None] = partial(self.store.registry.delete_model, model.name)
        if version is not None:
            delete = partial(self.store.registry.delete_version, model.name, version.version)
        said = f"Deleted {self._title}"
        self.app.push_screen(
            ConfirmModal(f"Delete {self._title}?", names, "Delete", remark),
            lambda yes: self._delete(delete, said) if yes else None,
        )

    def _delete(self, delete: Callable[[], None], said: str) -> None:
        def deleted(answer: object) -> None:
            self.app.say(said)
            self.app.store_changed()

        self.ask("delete", delete, deleted)


_NEEDS_VERSION = {"models.serve", "models.promote", "models.retrain", "app.copy_id"}
_NEEDS_MODEL = _NEEDS_VERSION | {
    *("models.tags", "models.describe", "models.delete", "models.diff", "lists.open"),
}
