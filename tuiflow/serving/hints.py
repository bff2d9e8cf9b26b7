"""What a person copies: the `curl` that asks a server, the tunnel that reaches it."""

from __future__ import annotations

import json
import math
import re
import shlex
from typing import TYPE_CHECKING, Any

from tuiflow.errors import ModelError
from tuiflow.models.datatypes import Array, DataType, Map, Object
from tuiflow.serving.ports import reachable
from tuiflow.text import clean

if TYPE_CHECKING:
    from tuiflow.entities import ServerInfo
    from tuiflow.models import ColSpec, MLmodel, Schema, TensorSpec

_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_SAMPLES: dict[object, object] = {
    DataType.boolean: True,
    DataType.integer: 0,
    DataType.long: 0,
    DataType.float: 0.0,
    DataType.double: 0.0,
    DataType.string: "text",
    DataType.binary: "YmFzZTY0",
    DataType.datetime: "2026-01-31T12:00:00",
}


def curl_example(server: ServerInfo, mlmodel: MLmodel | None = None) -> str:
    """One line for a shell that asks `server` for a prediction.

    It sends the first row of the model's input example, where it has none a row made up after its
    signature, in today's form (`dataframe_split` for a table). Where there is neither, nobody knows
    the columns, and it says that they are to be filled in.
    """
    body = request_example(mlmodel)
    url = f"http://{_shown_host(server)}:{server.port}/invocations"
    return f"curl -H 'Content-Type: application/json' -d {shlex.quote(body)} {shlex.quote(url)}"


def request_example(mlmodel: MLmodel | None = None) -> str:
    """A JSON body for `/invocations`, as `curl_example` sends it."""
    return _json(_example(mlmodel))


def ssh_tunnel(server: ServerInfo) -> str:
    """The `ssh` line that makes the server's port local, to type on another machine."""
    name = server.process.host
    # From the store's file: no option, nor anything else, may hide in it.
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", name):
        name = "HOST"
    target = shlex.quote(_shown_host(server))
    return f"ssh -L {server.port}:{target}:{server.port} {name}"


def _shown_host(server: ServerInfo) -> str:
    host = reachable(server.host)
    if host in _LOOPBACK:
        return "localhost"
    return f"[{host}]" if ":" in host else host


def _example(mlmodel: MLmodel | None) -> Any:
    if mlmodel is not None:
        try:
            saved = mlmodel.serving_input()
        except ModelError:
            saved = None
        if isinstance(saved, dict) and saved:
            return _first_row(saved)
        if mlmodel.signature is not None and mlmodel.signature.inputs is not None:
            return _made_up(mlmodel.signature.inputs)
    return {
        "dataframe_split": {"columns": ["FILL IN THE COLUMNS"], "data": [["AND A VALUE FOR EACH"]]}
    }


def _first_row(body: dict[str, Any]) -> dict[str, Any]:
    match body:
        case {"dataframe_split": {"columns": columns, "data": [first, *_]}}:
            return {"dataframe_split": {"columns": columns, "data": [first]}}
        case {"dataframe_records": [first, *_]}:
            return {"dataframe_records": [first]}
        case {"instances": [first, *_]}:
            return {"instances": [first]}
        case {"inputs": [first, *_]}:
            return {"inputs": [first]}
    return body


def _made_up(schema: Schema) -> dict[str, Any]:
    if schema.is_tensor_spec():
        tensors = {spec.name: _zeros(spec) for spec in schema}
        return {"inputs": tensors if schema.has_input_names() else tensors[None]}
    row = [_sample(spec.type) for spec in schema]
    return {"dataframe_split": {"columns": schema.input_names(), "data": [row]}}


def _zeros(spec: ColSpec | TensorSpec) -> Any:
    shape = getattr(spec, "shape", ())
    kind = str(spec.type)
    value: Any = "text" if kind.startswith(("str", "bytes")) else False if kind == "bool" else 0
    for size in reversed(shape):
        value = [value] * (1 if size < 0 else size)
    return value


def _sample(kind: object) -> Any:
    match kind:
        case Array():
            return [_sample(kind.dtype)]
        case Map():
            return {"key": _sample(kind.value_type)}
        case Object():
            return {prop.name: _sample(prop.dtype) for prop in kind.properties}
    return _SAMPLES.get(kind)


def _json(value: Any) -> str:
    value = _without_nan(value)
    text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    return text if clean(text) == text else json.dumps(value, allow_nan=False)


def _without_nan(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nan(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_nan(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
