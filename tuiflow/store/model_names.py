"""MLflow's rules for what a model registry holds (mlflow/utils/validation.py)."""

from __future__ import annotations

import posixpath
import re

from tuiflow.config import MAX_KEY_LENGTH
from tuiflow.entities import STAGES
from tuiflow.errors import InvalidInput
from tuiflow.store.validate import check_key

MAX_MODEL_NAME_LENGTH = 256
MAX_ALIAS_LENGTH = 255
MAX_MODEL_TAG_LENGTH = 100_000

_ALIAS = re.compile(r"[\w-]+\Z")
_VERSION_LIKE = re.compile(r"[vV]\d+\Z")


def check_model_name(name: object) -> str:
    """Return the name if a registered model may have it. Raises InvalidInput."""
    if not isinstance(name, str) or not name.strip():
        raise InvalidInput(
            f"A registered model needs a name, a text that is not blank; got {name!r}."
        )
    problem = None
    if "/" in name or ":" in name or "\0" in name:
        problem = "names can't hold '/', ':' or null characters"
    elif posixpath.normpath(name) != name or name == "." or name.startswith(".."):
        problem = "names are used in addresses and can't start with '..' or be '.'"
    elif len(name) > MAX_MODEL_NAME_LENGTH:
        problem = f"it has {len(name)} characters, and the limit is {MAX_MODEL_NAME_LENGTH}"
    if problem is not None:
        raise InvalidInput(f"{name!r:.80} can't be the name of a registered model: {problem}.")
    return name


def check_alias(alias: object) -> str:
    """Return the alias if it can be asked for. Raises InvalidInput."""
    if not isinstance(alias, str) or not alias:
        raise InvalidInput(f"An alias is a text that is not empty, not {alias!r}.")
    if not _ALIAS.match(alias):
        raise InvalidInput(
            f"{alias!r:.80} can't be an alias: it may only hold letters, digits, underscores (_)"
            " and dashes (-)."
        )
    if len(alias) > MAX_ALIAS_LENGTH:
        raise InvalidInput(
            f"The alias starting with {alias[:40]!r} has {len(alias)} characters; the limit is"
            f" {MAX_ALIAS_LENGTH}."
        )
    return alias


def check_new_alias(alias: object) -> str:
    """Return the alias if it may be given to a version. Raises InvalidInput also for `latest` and
    for what reads as a version, such as `v2`."""
    alias = check_alias(alias)
    if alias.lower() == "latest" or _VERSION_LIKE.match(alias):
        raise InvalidInput(
            f"The alias {alias!r} is reserved: 'latest' and v1, v2, … read as versions; choose"
            " another, such as 'champion'."
        )
    return alias


def check_model_tag(key: object, value: str) -> None:
    """Raise InvalidInput for a tag that neither a registered model nor a version may have."""
    check_key("tag", key)
    if len(value) > MAX_MODEL_TAG_LENGTH:
        raise InvalidInput(
            f"Tag {str(key)[:MAX_KEY_LENGTH]!r} has a value of {len(value)} characters; the limit"
            f" is {MAX_MODEL_TAG_LENGTH}."
        )


def parse_version(version: object) -> int:
    """The number of a version given as a number or as text. Raises InvalidInput."""
    try:
        if isinstance(version, bool) or (isinstance(version, float) and not version.is_integer()):
            raise ValueError
        return int(version)  # type: ignore[call-overload, no-any-return]
    except (TypeError, ValueError):
        raise InvalidInput(
            f"A model version is a whole number such as 1, not {version!r:.80}."
        ) from None


def canonical_stage(stage: object) -> str:
    """The stage as it is stored, whatever its case. Raises InvalidInput."""
    for known in STAGES:
        if isinstance(stage, str) and stage.lower() == known.lower():
            return known
    raise InvalidInput(f"{stage!r:.80} is not a stage; the stages are {', '.join(STAGES)}.")
