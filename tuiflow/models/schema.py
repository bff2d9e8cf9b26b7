"""Signatures: which columns or tensors a model takes and gives.

Wire format: MLmodel's `signature` holds `inputs`, `outputs` and `params`, each a JSON text or null
(`mlflow/models/signature.py`). Nothing here needs numpy or pandas, so browsing can read it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tuiflow.errors import InvalidInput
from tuiflow.models.datatypes import (
    ColumnType,
    DataType,
    Object,
    as_type,
    need_text,
    type_from_dict,
    type_text,
    type_to_dict,
)
from tuiflow.text import clean

if TYPE_CHECKING:
    import numpy as np

_NUMPY_TYPES = {
    DataType.boolean: "bool",
    DataType.integer: "int32",
    DataType.long: "int64",
    DataType.float: "float32",
    DataType.double: "float64",
    DataType.string: "str",
    DataType.binary: "bytes",
    DataType.datetime: "datetime64[ns]",
}


@dataclass(frozen=True, slots=True)
class ColSpec:
    """One column. `type` may be given by name; `name` is None where columns go by position."""

    type: ColumnType
    name: str | int | None = None
    required: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "type", as_type(self.type))

    def __repr__(self) -> str:
        return f"{_label(self.name)}{self.type!r} ({need_text(self.required)})"

    @property
    def type_text(self) -> str:
        return type_text(self.type)

    def to_dict(self) -> dict[str, object]:
        spec = type_to_dict(self.type)
        if self.name is not None:
            spec["name"] = self.name
        spec["required"] = self.required
        return spec


@dataclass(frozen=True, slots=True)
class TensorSpec:
    """One array: `type` is numpy's dtype name, `shape` has -1 where a dimension is free."""

    type: str
    shape: tuple[int, ...]
    name: str | int | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "type", str(getattr(self.type, "name", self.type)))
        object.__setattr__(self, "shape", tuple(int(size) for size in self.shape))

    def __repr__(self) -> str:
        return f"{_label(self.name)}Tensor({self.type!r}, {shape_text(self.shape)})"

    @property
    def required(self) -> bool:
        return True

    @property
    def type_text(self) -> str:
        return f"tensor of {self.type}, shape {shape_text(self.shape)}"

    def to_dict(self) -> dict[str, object]:
        spec: dict[str, object] = {} if self.name is None else {"name": self.name}
        spec["type"] = "tensor"
        spec["tensor-spec"] = {"dtype": self.type, "shape": list(self.shape)}
        return spec


def _label(name: str | int | None) -> str:
    """What stands before a column or tensor that has a name."""
    return "" if name is None else f"{name!r}: "


def shape_text(shape: tuple[int, ...]) -> str:
    """`(-1, 11)`, as numpy writes it."""
    return str(tuple(shape))


@dataclass(frozen=True, slots=True)
class Schema:
    """Columns or tensors, all of one kind, all named or all unnamed."""

    inputs: tuple[ColSpec | TensorSpec, ...]

    def __init__(self, inputs: Sequence[ColSpec | TensorSpec]) -> None:
        specs = tuple(inputs)
        object.__setattr__(self, "inputs", specs)
        if not specs:
            raise InvalidInput("A schema needs at least one column or tensor.")
        named = [spec.name for spec in specs if spec.name is not None]
        if named and len(named) != len(specs):
            raise InvalidInput("A schema's columns are all named or all unnamed.")
        if len(set(named)) != len(named):
            twice = next(name for name in named if named.count(name) > 1)
            raise InvalidInput(f"The column {twice!r} appears twice.")
        if len({type(spec) for spec in specs}) != 1:
            raise InvalidInput("A schema holds columns or tensors, not both.")
        if not named:
            if isinstance(specs[0], TensorSpec) and len(specs) > 1:
                raise InvalidInput("Several tensors need names.")
            if not all(spec.required for spec in specs):
                raise InvalidInput("A column without a name can't be optional.")

    def __repr__(self) -> str:
        return repr(list(self.inputs))

    def __len__(self) -> int:
        return len(self.inputs)

    def __iter__(self) -> Iterator[ColSpec | TensorSpec]:
        return iter(self.inputs)

    def is_tensor_spec(self) -> bool:
        return isinstance(self.inputs[0], TensorSpec)

    def has_input_names(self) -> bool:
        return self.inputs[0].name is not None

    def input_names(self) -> list[str | int]:
        """Names, or positions where there are none."""
        return [index if s.name is None else s.name for index, s in enumerate(self.inputs)]

    def required_input_names(self) -> list[str | int]:
        return [name for name, s in zip(self.input_names(), self.inputs, strict=True) if s.required]

    def optional_input_names(self) -> list[str | int]:
        pairs = zip(self.input_names(), self.inputs, strict=True)
        return [name for name, spec in pairs if not spec.required]

    def input_types(self) -> list[ColumnType | str]:
        return [spec.type for spec in self.inputs]

    def input_types_dict(self) -> dict[str | int, ColumnType | str]:
        """The types by name; InvalidInput where there are no names."""
        return {name: spec.type for name, spec in self.input_dict().items()}

    def input_dict(self) -> dict[str | int, ColSpec | TensorSpec]:
        """The columns or tensors by name; InvalidInput where there are no names."""
        if not self.has_input_names():
            raise InvalidInput("A schema without names has no columns by name; see its inputs.")
        return dict(zip(self.input_names(), self.inputs, strict=True))

    def numpy_types(self) -> list[np.dtype[Any]]:
        """numpy's dtype of each column or tensor; InvalidInput for lists and dictionaries."""
        import numpy as np

        if self.is_tensor_spec():
            return [np.dtype(str(kind)) for kind in self.input_types()]
        return [np.dtype(_NUMPY_TYPES[kind]) for kind in self._scalars("numpy")]

    def pandas_types(self) -> list[np.dtype[Any] | type[object]]:
        """What pandas holds each column as; InvalidInput for tensors, lists and dictionaries."""
        import numpy as np

        if self.is_tensor_spec():
            raise InvalidInput("Tensors have numpy types only; use numpy_types().")
        kinds = self._scalars("pandas")
        texts = (DataType.string, DataType.binary)
        return [object if kind in texts else np.dtype(_NUMPY_TYPES[kind]) for kind in kinds]

    def _scalars(self, library: str) -> list[DataType]:
        kinds = [kind for kind in self.input_types() if isinstance(kind, DataType)]
        if len(kinds) < len(self):
            raise InvalidInput(f"Columns of lists or dictionaries have no {library} type.")
        return kinds

    def to_dict(self) -> list[dict[str, object]]:
        return [spec.to_dict() for spec in self.inputs]

    def to_json(self) -> str:
        return json.dumps(self.to_dict())

    @classmethod
    def from_json(cls, text: str) -> Schema:
        """Read MLflow's JSON; InvalidInput where it is malformed."""
        return cls([_spec_from_dict(item) for item in _json_list(text)])


@dataclass(frozen=True, slots=True)
class ParamSpec:
    """A parameter of `predict`: `shape` is None for a scalar or object, (-1,) for a list."""

    name: str
    dtype: DataType | Object
    default: Any
    shape: tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        dtype = as_type(self.dtype)
        if not isinstance(dtype, DataType | Object) or dtype is DataType.binary:
            raise InvalidInput(f"The parameter {self.name!r} can't be {type_text(dtype)}.")
        object.__setattr__(self, "dtype", dtype)
        if self.shape is not None:
            object.__setattr__(self, "shape", tuple(int(size) for size in self.shape))

    def __repr__(self) -> str:
        shape = "" if self.shape is None else f" (shape: {shape_text(self.shape)})"
        default = clean(str(self.default))
        return f"{_label(self.name)}{self.dtype!r} (default: {default}){shape}"

    def to_dict(self) -> dict[str, object]:
        default: Any = self.default
        if self.dtype is DataType.datetime and default is not None:
            values: list[Any] = default if isinstance(default, list) else [default]
            texts = [value.isoformat() for value in values]
            default = texts if isinstance(default, list) else texts[0]
        shape = None if self.shape is None else list(self.shape)
        return {"name": self.name, "default": default, "shape": shape, **type_to_dict(self.dtype)}


@dataclass(frozen=True, slots=True)
class ParamSchema:
    params: tuple[ParamSpec, ...]

    def __init__(self, params: Sequence[ParamSpec]) -> None:
        object.__setattr__(self, "params", tuple(params))
        names = [spec.name for spec in self.params]
        if len(set(names)) != len(names):
            raise InvalidInput("A signature names a parameter twice.")

    def __repr__(self) -> str:
        return repr(list(self.params))

    def __len__(self) -> int:
        return len(self.params)

    def __iter__(self) -> Iterator[ParamSpec]:
        return iter(self.params)

    def to_dict(self) -> list[dict[str, object]]:
        return [spec.to_dict() for spec in self.params]

    def to_json(self) -> str:
        return json.dumps(self.to_dict())

    @classmethod
    def from_json(cls, text: str) -> ParamSchema:
        """Read MLflow's JSON, which spells the type `type` or, long ago, `dtype`."""
        specs = []
        for item in _json_list(text):
            if "name" not in item or "default" not in item:
                raise InvalidInput("A parameter of the signature has no name or default.")
            dtype = type_from_dict({**item, "type": item.get("type", item.get("dtype"))})
            if not isinstance(dtype, DataType | Object):
                raise InvalidInput(f"The parameter {item['name']!r} can't be {type_text(dtype)}.")
            specs.append(ParamSpec(str(item["name"]), dtype, item["default"], item.get("shape")))
        return cls(specs)


@dataclass(frozen=True, slots=True)
class ModelSignature:
    """What a model takes (`inputs`), gives (`outputs`) and may be told (`params`)."""

    inputs: Schema | None = None
    outputs: Schema | None = None
    params: ParamSchema | None = None

    def __repr__(self) -> str:
        return (
            f"inputs: \n  {self.inputs}\noutputs: \n  {self.outputs}\nparams: \n  {self.params}\n"
        )

    def to_dict(self) -> dict[str, str | None]:
        """Each part as JSON text, None where absent."""
        return {
            "inputs": self.inputs.to_json() if self.inputs else None,
            "outputs": self.outputs.to_json() if self.outputs else None,
            "params": self.params.to_json() if self.params else None,
        }

    @classmethod
    def from_dict(cls, parts: Mapping[str, object]) -> ModelSignature:
        """The inverse of `to_dict`; InvalidInput where a part is malformed."""
        for part in ("inputs", "outputs", "params"):
            if not isinstance(parts.get(part), str | None):
                raise InvalidInput(f"The signature's {part} are not JSON text.")
        inputs, outputs, params = (parts.get(part) for part in ("inputs", "outputs", "params"))
        return cls(
            Schema.from_json(str(inputs)) if inputs else None,
            Schema.from_json(str(outputs)) if outputs else None,
            ParamSchema.from_json(str(params)) if params else None,
        )


def check_columns(schema: Schema, names: Iterable[object]) -> tuple[list[str], list[str]]:
    """Which required columns are missing from `names`, and which of `names` the schema lacks.

    Both lists are empty for a schema without names, which goes by position.
    """
    if not schema.has_input_names():
        return [], []
    given = list(names)
    spelt = {str(name) for name in given}
    known = {str(name) for name in schema.input_names()}
    missing = [str(name) for name in schema.required_input_names() if str(name) not in spelt]
    return missing, [str(name) for name in given if str(name) not in known]


def _json_list(text: str) -> list[dict[str, Any]]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"The signature is not valid JSON: {error}.") from None
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise InvalidInput("The signature is not a JSON list of objects.")
    return value


def _spec_from_dict(item: dict[str, Any]) -> ColSpec | TensorSpec:
    name = item.get("name")
    if not isinstance(name, str | int | None):
        raise InvalidInput(f"A column of the signature has the name {name!r:.40}.")
    if item.get("type") == "tensor":
        tensor = item.get("tensor-spec")
        if not isinstance(tensor, dict) or not isinstance(tensor.get("dtype"), str):
            raise InvalidInput("A tensor of the signature has no dtype.")
        shape = tensor.get("shape")
        if not isinstance(shape, list) or not all(isinstance(size, int) for size in shape):
            raise InvalidInput("A tensor of the signature has no shape.")
        return TensorSpec(tensor["dtype"], tuple(shape), name)
    return ColSpec(type_from_dict(item), name, item.get("required") is not False)
