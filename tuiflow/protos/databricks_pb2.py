"""MLflow's error codes as numbers: `RESOURCE_ALREADY_EXISTS`, `ErrorCode.Name(number)` …

For `from mlflow.protos.databricks_pb2 import …` in scripts; no protocol buffers are involved.
"""

from __future__ import annotations

from tuiflow.errors import ERROR_CODES


class ErrorCode:
    """Between an error code's name and its number. Both ways raise ValueError for unknown ones."""

    @staticmethod
    def Name(number: int) -> str:
        for name, (known, _) in ERROR_CODES.items():
            if known == number:
                return name
        raise ValueError(f"No error code has the number {number!r}.")

    @staticmethod
    def Value(name: str) -> int:
        if name not in ERROR_CODES:
            raise ValueError(f"There is no error code {name!r}.")
        return ERROR_CODES[name][0]

    @staticmethod
    def keys() -> list[str]:
        return list(ERROR_CODES)

    @staticmethod
    def values() -> list[int]:
        return [number for number, _ in ERROR_CODES.values()]

    @staticmethod
    def items() -> list[tuple[str, int]]:
        return [(name, number) for name, (number, _) in ERROR_CODES.items()]


def __getattr__(name: str) -> int:
    if name in ERROR_CODES:
        return ERROR_CODES[name][0]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
