"""What MLmodel files say of the models of a run. No model is ever loaded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tuiflow.diff.facts import FileFact, ModelFact
from tuiflow.diff.files import inside
from tuiflow.entities import Run
from tuiflow.errors import InvalidInput, NotFound, TuiflowError
from tuiflow.models import MLmodel, ModelSignature, read_mlmodel
from tuiflow.store import Store

MAX_SETTINGS = 200
_LONGEST = 4000
_PER_RUN = frozenset(("model_id", "model_uuid", "run_id", "utc_time_created"))


def read_models(
    store: Store, run: Run, files: Mapping[str, FileFact], known: Mapping[str, ModelFact] | None
) -> dict[str, ModelFact]:
    """The models of a run by their folder; `known` are those read before, which stay as they are
    where the size has not changed."""
    found = {}
    for path in run.model_paths:
        size = sum(fact.size for name, fact in files.items() if inside(name, path))
        before = known.get(path) if known else None
        if before is not None and before.size == size:
            found[path] = before
        else:
            found[path] = ModelFact(size, _says(store, run.info.run_id, path))
    return found


def _says(store: Store, run_id: str, path: str) -> dict[str, str]:
    try:
        model = read_mlmodel(store.artifact_path(run_id, path))
    except (NotFound, InvalidInput):
        return {}
    except TuiflowError:
        return {"problem": "its MLmodel file can't be read"}
    says = {"flavors": ", ".join(model.flavors)}
    if model.signature is not None:
        says["signature"] = signature_text(model.signature)
    return says | dict(_limited(_settings(model)))


def _limited(settings: Iterator[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    for count, (name, value) in enumerate(settings):
        if count == MAX_SETTINGS:
            return
        yield name, value[:_LONGEST]


def _settings(model: MLmodel) -> Iterator[tuple[str, str]]:
    """The settings of the flavors, and the metadata: versions, formats, hyper-parameters."""
    for flavor, settings in model.flavors.items():
        yield from _flat(flavor, settings)
    yield from _flat("metadata", model.metadata)


def _flat(prefix: str, value: object) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            if key not in _PER_RUN:
                yield from _flat(f"{prefix}.{key}", item)
    elif isinstance(value, list):
        yield prefix, ", ".join(map(str, value))
    elif value is not None:
        yield prefix, str(value)


def signature_text(signature: ModelSignature) -> str:
    """A signature in one line: `alcohol: double, ph: double → double`."""
    parts = [
        ", ".join(
            spec.type_text if spec.name is None else f"{spec.name}: {spec.type_text}"
            for spec in schema or ()
        )
        for schema in (signature.inputs, signature.outputs)
    ]
    text = " → ".join(part or "any" for part in parts)
    params = ", ".join(f"{param.name}={param.default!r}" for param in signature.params or ())
    return (f"{text}; params {params}" if params else text)[:_LONGEST]
