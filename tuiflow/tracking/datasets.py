"""From a data set of `tuiflow.data`, or one with the same `to_dict`, to what a store keeps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from tuiflow.entities import TAG_DATA_CONTEXT, Dataset, DatasetInput, InputTag
from tuiflow.errors import InvalidInput


class LoggedDataset(Protocol):
    """`to_dict` gives name, digest, source and source_type and, maybe, schema and profile."""

    def to_dict(self) -> dict[str, Any]: ...


def dataset_input(
    dataset: LoggedDataset | Dataset, context: str | None, tags: Mapping[str, object] | None
) -> DatasetInput:
    """A data set with its tags; `context`, such as training, is one of them.

    Raises InvalidInput for anything that is no data set.
    """
    found = [InputTag(key, str(value)) for key, value in (tags or {}).items()]
    if context:
        found.append(InputTag(TAG_DATA_CONTEXT, str(context)))
    return DatasetInput(_entity(dataset), tuple(found))


def dataset_inputs(
    datasets: Sequence[LoggedDataset | Dataset | None] | None,
    contexts: Sequence[str | None] | None,
    tags_list: Sequence[Mapping[str, object] | None] | None,
) -> list[DatasetInput]:
    """Several at once: the three are equally long, and what is None is left out.

    Raises InvalidInput where their lengths differ, or for a context or tags without a data set.
    """
    datasets, contexts, tags_list = datasets or [], contexts or [], tags_list or []
    if not len(datasets) == len(contexts) == len(tags_list):
        raise InvalidInput(
            "log_inputs needs as many contexts and tags as data sets, None where there is none;"
            f" got {len(datasets)} data sets, {len(contexts)} contexts and {len(tags_list)} tags."
        )
    found = []
    for dataset, context, tags in zip(datasets, contexts, tags_list, strict=True):
        if dataset is not None:
            found.append(dataset_input(dataset, context, tags))
        elif context or tags:
            raise InvalidInput("A context or tags were given without a data set.")
    return found


def _entity(dataset: LoggedDataset | Dataset) -> Dataset:
    if isinstance(dataset, Dataset):
        return dataset
    if not hasattr(dataset, "to_dict") or hasattr(dataset, "columns"):  # a DataFrame has both
        raise InvalidInput(
            f"log_input takes a data set, not {type(dataset).__name__}; make one with"
            " data.from_pandas or data.from_numpy."
        )
    facts = dataset.to_dict()
    try:
        return Dataset(
            facts["name"],
            facts["digest"],
            facts["source_type"],
            facts["source"],
            facts.get("schema"),
            facts.get("profile"),
        )
    except KeyError as missing:
        raise InvalidInput(f"The data set's to_dict() has no {missing}.") from None
