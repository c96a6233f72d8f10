-- Runs, their logs, their results, what status queries read, and the inbox.
--
-- The log (`events`) is the truth; `runs`, `steps` and `tasks` are an index of
-- it, written in the same transaction. Times are UTC milliseconds. Hashes are
-- the 32 bytes of a SHA-256. Enumerations are their wire names and carry no
-- CHECK: what they may be is the machine's to say, and a CHECK could only be
-- changed by rebuilding the table.

CREATE TABLE processes (
    id          TEXT    NOT NULL PRIMARY KEY,
    kind        TEXT    NOT NULL,
    pid         INTEGER NOT NULL,
    build       TEXT    NOT NULL,
    -- In the folder `processes`; held locked for the life of the process.
    lock_file   TEXT    NOT NULL,
    started_at  INTEGER NOT NULL,
    -- The lease: a counter, not a time. Who sees it stand still for long enough
    -- on its own clock may take over.
    renewals    INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

-- Plans are shared by the runs of one template and kept while a run has them.
CREATE TABLE plans (
    hash        BLOB    NOT NULL PRIMARY KEY,
    bytes       INTEGER NOT NULL,
    text        TEXT    NOT NULL
) STRICT;

CREATE TABLE runs (
    -- What other tables refer to: rows of one run lie together and appends go
    -- to the end of each tree, however many finished runs there are.
    no                INTEGER PRIMARY KEY,
    id                TEXT    NOT NULL UNIQUE,

    template_id       TEXT    NOT NULL,
    template_name     TEXT    NOT NULL,
    template_version  TEXT    NOT NULL,
    source            TEXT    NOT NULL,
    mode              TEXT    NOT NULL,
    priority          TEXT    NOT NULL,
    plan              BLOB    NOT NULL REFERENCES plans (hash),
    parameters        BLOB    NOT NULL,
    parameters_bytes  INTEGER NOT NULL,
    session           TEXT,
    parent_run        TEXT,
    parent_step       TEXT,
    forked_from       TEXT,
    idempotency_key   TEXT,
    -- Hash of template, parameters and context: tells a repeat from a clash.
    request_hash      TEXT,
    created_at        INTEGER NOT NULL,

    -- The fence: every write of an owner is conditional on both.
    owner             TEXT,
    epoch             INTEGER NOT NULL,
    -- Last event of the log.
    seq               INTEGER NOT NULL,
    -- Highest inbox row that an owner has taken in.
    inbox_seen        INTEGER NOT NULL DEFAULT 0,

    status            TEXT    NOT NULL,
    progress          REAL    NOT NULL,
    steps_total       INTEGER NOT NULL,
    steps_completed   INTEGER NOT NULL,
    steps_failed      INTEGER NOT NULL,
    steps_skipped     INTEGER NOT NULL,
    started_at        INTEGER,
    -- Set with the terminal status, and never again.
    finished_at       INTEGER,
    updated_at        INTEGER NOT NULL,
    waiting_for       TEXT,
    error             TEXT,
    failed_step       TEXT,
    outputs           BLOB,
    outputs_bytes     INTEGER,
    warnings          TEXT,
    binding           TEXT
) STRICT;

-- create: is there a run with this key?
CREATE UNIQUE INDEX runs_idempotency ON runs (idempotency_key) WHERE idempotency_key IS NOT NULL;
-- claimable, list (open first), inbox of an owner.
CREATE INDEX runs_open ON runs (created_at) WHERE finished_at IS NULL;
-- list (the last finished, by status); retention (the oldest finished first).
CREATE INDEX runs_finished ON runs (finished_at, status) WHERE finished_at IS NOT NULL;
-- usage: finished runs of each template, how they ended and how long they took,
-- from the index alone.
CREATE INDEX runs_usage ON runs (template_id, finished_at, status, started_at) WHERE finished_at IS NOT NULL;
-- delete: does another run have this plan?
CREATE INDEX runs_plan ON runs (plan);

CREATE TABLE events (
    run         INTEGER NOT NULL REFERENCES runs (no) ON DELETE CASCADE,
    seq         INTEGER NOT NULL,
    at          INTEGER NOT NULL,
    version     INTEGER NOT NULL,
    kind        TEXT    NOT NULL,
    step        TEXT,
    data        TEXT    NOT NULL,
    PRIMARY KEY (run, seq)
) STRICT, WITHOUT ROWID;

-- Parameters, results, outputs: JSON text by hash, once per run. Not shared
-- between runs: a hash is a random place in a tree, so one tree for all runs
-- would make each commit dearer the more is stored, and deleting a run would
-- need counting. With a rowid, texts up to a page stay in their leaf.
CREATE TABLE bodies (
    run         INTEGER NOT NULL REFERENCES runs (no) ON DELETE CASCADE,
    hash        BLOB    NOT NULL,
    bytes       INTEGER NOT NULL,
    text        TEXT    NOT NULL,
    UNIQUE (run, hash)
) STRICT;

CREATE TABLE steps (
    run              INTEGER NOT NULL REFERENCES runs (no) ON DELETE CASCADE,
    -- The instance, as `publish[0].post`.
    path             TEXT    NOT NULL,
    -- Place among the run's instances, for showing.
    ordinal          INTEGER NOT NULL,
    step_id          TEXT    NOT NULL,
    name             TEXT    NOT NULL,
    tool             TEXT,
    status           TEXT    NOT NULL,
    attempts         INTEGER NOT NULL,
    started_at       INTEGER,
    finished_at      INTEGER,
    result           BLOB,
    result_bytes     INTEGER,
    error            TEXT,
    key              TEXT,
    outcome_unknown  INTEGER NOT NULL,
    answered_via     TEXT,
    PRIMARY KEY (run, path)
) STRICT, WITHOUT ROWID;

CREATE TABLE tasks (
    run            INTEGER NOT NULL REFERENCES runs (no) ON DELETE CASCADE,
    id             TEXT    NOT NULL,
    step           TEXT    NOT NULL,
    kind           TEXT    NOT NULL,
    assignee       TEXT    NOT NULL,
    prompt         TEXT    NOT NULL,
    answer_schema  TEXT    NOT NULL,
    opened_at      INTEGER NOT NULL,
    deadline       INTEGER,
    closed_at      INTEGER,
    answered_via   TEXT,
    PRIMARY KEY (run, id)
) STRICT, WITHOUT ROWID;

-- tasks: open questions of all runs, oldest first.
CREATE INDEX tasks_open ON tasks (opened_at) WHERE closed_at IS NULL;

-- Commands to a run from any process: the one table written without the fence.
-- AUTOINCREMENT, so that `runs.inbox_seen` never meets an id twice.
CREATE TABLE inbox (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    run           INTEGER NOT NULL REFERENCES runs (no) ON DELETE CASCADE,
    kind          TEXT    NOT NULL,
    -- The question this answers: the first answer wins.
    task          TEXT,
    payload       TEXT    NOT NULL,
    at            INTEGER NOT NULL,
    from_process  TEXT
) STRICT;

-- commit, inbox, post: rows of a run that its owner has not taken in.
CREATE INDEX inbox_run ON inbox (run, id);
