"""The types a signature is written in, in MLflow's JSON spelling.

Wire format: `{"type": "double"}` for scalars, `{"type": "array", "items": …}`,
`{"type": "object", "properties": {name: {…, "required": true}}}`,
`{"type": "map", "values": …}` and `{"type": "any"}` (`mlflow/types/schema.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from tuiflow.errors import InvalidInput
from tuiflow.text import clean


class DataType(StrEnum):
    """Scalars: integer and long have 32 and 64 bits, float and double too."""

    boolean = "boolean"
    integer = "integer"
    long = "long"
    float = "float"
    double = "double"
    string = "string"
    binary = "binary"
    datetime = "datetime"

    def __repr__(self) -> str:
        return str(self.value)


@dataclass(frozen=True, slots=True)
class AnyType:
    """Anything; nothing is checked."""

    def __repr__(self) -> str:
        return "Any"


@dataclass(frozen=True, slots=True)
class Array:
    dtype: ColumnType

    def __post_init__(self) -> None:
        object.__setattr__(self, "dtype", as_type(self.dtype))

    def __repr__(self) -> str:
        return f"Array({self.dtype!r})"


@dataclass(frozen=True, slots=True)
class Map:
    """A dictionary with any text keys and values of one type."""

    value_type: ColumnType

    def __post_init__(self) -> None:
        object.__setattr__(self, "value_type", as_type(self.value_type))

    def __repr__(self) -> str:
        return f"Map(str -> {self.value_type!r})"


@dataclass(frozen=True, slots=True)
class Property:
    name: str
    dtype: ColumnType
    required: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "dtype", as_type(self.dtype))

    def __repr__(self) -> str:
        return f"{clean(self.name)}: {self.dtype!r} ({need_text(self.required)})"


@dataclass(frozen=True, slots=True)
class Object:
    """A dictionary with known keys, kept sorted by name."""

    properties: tuple[Property, ...]

    def __post_init__(self) -> None:
        ordered = tuple(sorted(self.properties, key=lambda prop: prop.name))
        if len({prop.name for prop in ordered}) != len(ordered):
            raise InvalidInput("An object type in a signature names a property twice.")
        object.__setattr__(self, "properties", ordered)

    def __repr__(self) -> str:
        return f"{{{', '.join(map(repr, self.properties))}}}"


ColumnType = DataType | Array | Map | Object | AnyType


def as_type(value: ColumnType | str) -> ColumnType:
    """`value` itself, or the scalar type of that name."""
    if isinstance(value, str) and not isinstance(value, DataType):
        try:
            return DataType(value)
        except ValueError:
            known = ", ".join(DataType)
            raise InvalidInput(
                f"Unknown type {value!r} in a signature; it is one of {known}."
            ) from None
    return value


def type_to_dict(value: ColumnType) -> dict[str, object]:
    """The JSON form of a type."""
    match value:
        case Array():
            return {"type": "array", "items": type_to_dict(value.dtype)}
        case Map():
            return {"type": "map", "values": type_to_dict(value.value_type)}
        case Object():
            return {
                "type": "object",
                "properties": {
                    prop.name: {**type_to_dict(prop.dtype), "required": prop.required}
                    for prop in value.properties
                },
            }
        case AnyType():
            return {"type": "any"}
        case _:
            return {"type": value.value}


def type_from_dict(spec: object) -> ColumnType:
    """The type a JSON form stands for; InvalidInput where it is malformed."""
    if not isinstance(spec, Mapping) or not isinstance(spec.get("type"), str):
        raise InvalidInput(f"A type in a signature is not written as MLflow does: {spec!r:.80}.")
    name = spec["type"]
    if name == "array":
        return Array(type_from_dict(spec.get("items")))
    if name == "map":
        return Map(type_from_dict(spec.get("values")))
    if name == "object":
        properties = spec.get("properties")
        if not isinstance(properties, Mapping):
            raise InvalidInput("An object type in a signature has no properties.")
        return Object(
            tuple(
                Property(str(key), type_from_dict(prop), bool(prop.get("required", True)))
                for key, prop in properties.items()
            )
        )
    if name == "any":
        return AnyType()
    if name == "sparkml_vector":
        return Array(DataType.double)
    return as_type(name)


def type_text(value: ColumnType) -> str:
    """A type as a person reads it: `double`, `array of string`."""
    match value:
        case Array():
            return f"array of {type_text(value.dtype)}"
        case Map():
            return f"map of {type_text(value.value_type)}"
        case Object():
            inner = ", ".join(f"{prop.name}: {type_text(prop.dtype)}" for prop in value.properties)
            return f"object {{{inner}}}"
        case AnyType():
            return "any"
        case _:
            return value.value


def need_text(required: bool) -> str:
    """`required` or `optional`."""
    return "required" if required else "optional"


def merge_types(left: ColumnType, right: ColumnType) -> ColumnType:
    """The one type of two values of a list; `any` gives way, absent properties turn optional."""
    if left == right or isinstance(right, AnyType):
        return left
    if isinstance(left, AnyType):
        return right
    if isinstance(left, Array) and isinstance(right, Array):
        return Array(merge_types(left.dtype, right.dtype))
    if isinstance(left, Object) and isinstance(right, Object):
        ours = {prop.name: prop for prop in left.properties}
        theirs = {prop.name: prop for prop in right.properties}
        merged = []
        for name in ours | theirs:
            one, other = ours.get(name), theirs.get(name)
            if one is None or other is None:
                known = one or other
                assert known is not None
                merged.append(Property(name, known.dtype, required=False))
            else:
                both = one.required and other.required
                merged.append(Property(name, merge_types(one.dtype, other.dtype), both))
        return Object(tuple(merged))
    raise InvalidInput(
        f"Values of one column have different types: {type_text(left)} and {type_text(right)}."
    )
