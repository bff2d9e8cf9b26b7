"""The tables of a store.

Outside, runs have 32-hex ids and keys have names; inside, both are integers. A metric with a
single point lives in `latest` alone; from its second point on, all of them are in `points`. NaN is
stored as NULL, since SQLite has no NaN; a row with NULL is "there, and NaN".
"""

from __future__ import annotations

APPLICATION_ID = 0x7475_6966  # "tuif"
SCHEMA_VERSION = 3

INCREMENTAL = 2
"""The `auto_vacuum` of a store (sqlite.org/pragma.html): its free pages can be given back bit by
bit."""

METRIC, PARAM, TAG = 0, 1, 2
"""Values of `keys.kind`."""

_VERSION_1 = """
CREATE TABLE experiments (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    artifact_location TEXT,              -- NULL: artifacts/<id> beside the database
    deleted_at INTEGER,                  -- epoch ms; NULL: active
    creation_time INTEGER NOT NULL,
    last_update_time INTEGER NOT NULL
);
CREATE TABLE experiment_tags (
    experiment INTEGER NOT NULL REFERENCES experiments (id),
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (experiment, key)
) WITHOUT ROWID;
CREATE TABLE processes (
    id INTEGER PRIMARY KEY,
    host TEXT NOT NULL,
    pid INTEGER NOT NULL,
    started INTEGER NOT NULL,
    boot_id TEXT NOT NULL,
    heartbeat INTEGER NOT NULL,          -- epoch ms
    UNIQUE (boot_id, host, pid, started)
);
CREATE TABLE runs (
    id INTEGER PRIMARY KEY,
    uuid BLOB NOT NULL UNIQUE,           -- 16 bytes
    experiment INTEGER NOT NULL REFERENCES experiments (id),
    name TEXT NOT NULL,
    user_id TEXT NOT NULL,
    status TEXT NOT NULL,
    start_time INTEGER NOT NULL,
    end_time INTEGER,
    deleted_at INTEGER,                  -- epoch ms; NULL: active
    process INTEGER REFERENCES processes (id)
);
CREATE INDEX runs_by_experiment ON runs (experiment, deleted_at, start_time DESC, uuid);
CREATE INDEX runs_by_start ON runs (deleted_at, start_time DESC, uuid);
CREATE INDEX runs_by_name ON runs (name);
CREATE INDEX runs_running ON runs (experiment, process) WHERE status = 'RUNNING';
CREATE TABLE keys (
    id INTEGER PRIMARY KEY,
    kind INTEGER NOT NULL,
    name TEXT NOT NULL,
    UNIQUE (kind, name)
);
CREATE TABLE latest (
    run INTEGER NOT NULL,
    key INTEGER NOT NULL,
    value REAL,
    step INTEGER NOT NULL,
    timestamp INTEGER NOT NULL,
    count INTEGER NOT NULL,
    min REAL,                            -- this and the rest only where count > 1
    max REAL,
    first REAL,
    first_step INTEGER,
    PRIMARY KEY (run, key)
) WITHOUT ROWID;
CREATE INDEX latest_by_value ON latest (key, value, run);
CREATE TABLE points (
    run INTEGER NOT NULL,
    key INTEGER NOT NULL,
    step INTEGER NOT NULL,
    seq INTEGER NOT NULL,                -- order of arrival within (run, key)
    timestamp INTEGER NOT NULL,
    value REAL,
    PRIMARY KEY (run, key, step, seq)
) WITHOUT ROWID;
CREATE TABLE params (
    run INTEGER NOT NULL,
    key INTEGER NOT NULL,
    text TEXT NOT NULL,
    number REAL,                         -- where the text reads as one
    PRIMARY KEY (run, key)
) WITHOUT ROWID;
CREATE INDEX params_by_value ON params (key, number, text, run);
CREATE TABLE tags (
    run INTEGER NOT NULL,
    key INTEGER NOT NULL,
    text TEXT NOT NULL,
    number REAL,
    PRIMARY KEY (run, key)
) WITHOUT ROWID;
CREATE INDEX tags_by_value ON tags (key, number, text, run);
CREATE TABLE servers (
    id INTEGER PRIMARY KEY,
    run INTEGER NOT NULL REFERENCES runs (id),
    model_path TEXT NOT NULL,
    host TEXT NOT NULL,
    port INTEGER NOT NULL,
    process INTEGER NOT NULL REFERENCES processes (id),
    detached INTEGER NOT NULL,
    log_path TEXT NOT NULL,              -- relative to the store's folder
    started_at INTEGER NOT NULL,
    stopped_at INTEGER
);
CREATE TABLE state (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL                  -- JSON
) WITHOUT ROWID;
"""

_VERSION_2 = """
-- Where a moved run keeps its artifacts; NULL: where its experiment does.
ALTER TABLE runs ADD COLUMN artifacts TEXT;
CREATE TABLE datasets (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    digest TEXT NOT NULL,
    source_type TEXT NOT NULL,
    source TEXT NOT NULL,
    schema TEXT,                         -- JSON
    profile TEXT,                        -- JSON
    UNIQUE (name, digest, source_type, source)
);
CREATE TABLE inputs (
    run INTEGER NOT NULL,
    dataset INTEGER NOT NULL REFERENCES datasets (id),
    tags TEXT NOT NULL,                  -- JSON object; mlflow.data.context is one of them
    PRIMARY KEY (run, dataset)
) WITHOUT ROWID;
CREATE INDEX inputs_by_dataset ON inputs (dataset, run);
CREATE TABLE contents (
    id INTEGER PRIMARY KEY,
    sha256 BLOB NOT NULL UNIQUE,         -- of the bytes before compression
    size INTEGER NOT NULL,               -- bytes before compression
    data BLOB NOT NULL                   -- zlib
);
CREATE TABLE run_contents (
    run INTEGER NOT NULL,
    kind TEXT NOT NULL,                  -- patch, packages, source, ...
    name TEXT NOT NULL,                  -- a path or empty
    content INTEGER NOT NULL REFERENCES contents (id),
    PRIMARY KEY (run, kind, name)
) WITHOUT ROWID;
CREATE INDEX run_contents_by_content ON run_contents (content);
CREATE TABLE registered_models (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    description TEXT,
    last_version INTEGER NOT NULL,       -- a number is never given twice
    creation_time INTEGER NOT NULL,
    last_update_time INTEGER NOT NULL
);
CREATE TABLE registered_model_tags (
    model INTEGER NOT NULL REFERENCES registered_models (id),
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (model, key)
) WITHOUT ROWID;
CREATE TABLE model_versions (
    model INTEGER NOT NULL REFERENCES registered_models (id),
    version INTEGER NOT NULL,
    run INTEGER,                         -- NULL: not from a run of this store
    run_id TEXT NOT NULL,                -- as given: also of a run that is gone; may be empty
    source TEXT NOT NULL,                -- the model URI it was made from
    path TEXT NOT NULL,                  -- artifact path in the run, else an absolute folder
    description TEXT,
    user_id TEXT NOT NULL,
    stage TEXT NOT NULL,                 -- None, Staging, Production, Archived
    creation_time INTEGER NOT NULL,
    last_update_time INTEGER NOT NULL,
    PRIMARY KEY (model, version)
) WITHOUT ROWID;
CREATE INDEX model_versions_by_run ON model_versions (run);
CREATE TABLE model_version_tags (
    model INTEGER NOT NULL,
    version INTEGER NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (model, version, key)
) WITHOUT ROWID;
CREATE TABLE model_aliases (
    model INTEGER NOT NULL,
    alias TEXT NOT NULL,
    version INTEGER NOT NULL,
    PRIMARY KEY (model, alias)
) WITHOUT ROWID;
"""

_VERSION_3 = """
-- Runs that are not, as they are now, in the columns of their block; see store/changes.py.
CREATE TABLE changes (
    run INTEGER PRIMARY KEY,             -- there may be no such run any more
    at INTEGER NOT NULL                  -- epoch s of the last change; never less than before
);
CREATE INDEX changes_by_time ON changes (at);
INSERT INTO changes SELECT id, CAST(strftime('%s', 'now') AS INTEGER) FROM runs;
CREATE TABLE blocks (
    id INTEGER PRIMARY KEY,              -- of the runs whose row id // 4096 it is
    version INTEGER NOT NULL             -- grows by one with each sealing
);
CREATE TABLE segments (
    id INTEGER PRIMARY KEY,              -- (key * 8 + part) << 20 | block
    data BLOB NOT NULL
);
CREATE TABLE segment_texts (
    id INTEGER PRIMARY KEY,              -- as in segments
    data BLOB NOT NULL
);
-- Points that were moved out of `points`, which keeps the last ones to arrive.
CREATE TABLE chunks (
    run INTEGER NOT NULL,
    key INTEGER NOT NULL,
    start INTEGER NOT NULL,              -- seq of the first point
    count INTEGER NOT NULL,
    low_step INTEGER NOT NULL,
    high_step INTEGER NOT NULL,
    data BLOB NOT NULL,
    PRIMARY KEY (run, key, start)
);
"""

STEPS = (_VERSION_1, _VERSION_2, _VERSION_3)
"""What each version adds; a new store takes all of them, an old one those it lacks."""


def statements(version: int) -> list[str]:
    """The SQL that takes a store of `version` (0: an empty file) to this one, marks included."""
    texts = [text for step in STEPS[version:] for text in step.split(";\n") if text.strip()]
    return [
        *texts,
        f"PRAGMA application_id = {APPLICATION_ID}",
        f"PRAGMA user_version = {SCHEMA_VERSION}",
    ]
