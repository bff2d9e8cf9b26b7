"""The tables of a store, version 1.

Outside, runs have 32-hex ids and keys have names; inside, both are integers. A metric with a
single point lives in `latest` alone; from its second point on, all of them are in `points`. NaN is
stored as NULL, since SQLite has no NaN; a row with NULL is "there, and NaN".
"""

from __future__ import annotations

APPLICATION_ID = 0x7475_6966  # "tuif"
SCHEMA_VERSION = 1

METRIC, PARAM, TAG = 0, 1, 2
"""Values of `keys.kind`."""

DDL = f"""
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
PRAGMA application_id = {APPLICATION_ID};
PRAGMA user_version = {SCHEMA_VERSION};
"""
