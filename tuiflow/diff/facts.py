"""What is known of each run that is compared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tuiflow.entities import MetricSummary, Run


@dataclass(frozen=True, slots=True)
class FileFact:
    """An artifact: bytes, the digest of its content where that was read, and when it was changed
    (ns since the epoch), to know it again."""

    size: int
    digest: bytes | None = None
    changed: int = 0


@dataclass(frozen=True, slots=True)
class ModelFact:
    """A model folder: bytes, and what its MLmodel file says, by name."""

    size: int
    says: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RunFacts:
    """All that is compared of one run.

    `files` are keyed by their path in the artifact folder, `models` by their folder's; both are
    None while they have not been read. `packages` are versions by name, None where the run has
    no record of them.
    """

    run: Run
    metrics: Mapping[str, MetricSummary] = field(default_factory=dict)
    files: Mapping[str, FileFact] | None = None
    packages: Mapping[str, str] | None = None
    models: Mapping[str, ModelFact] | None = None
