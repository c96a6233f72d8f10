-- The log of calls, what followed what, and which recommendations were taken.
--
-- Times are UTC milliseconds. What a call or a step calls is a `key`: a tool's
-- name, or `workflow:` and a template's id.

CREATE TABLE interactions (
    no            INTEGER PRIMARY KEY,
    id            TEXT    NOT NULL UNIQUE,
    at            INTEGER NOT NULL,
    session       TEXT,
    -- client, cli or step.
    origin        TEXT    NOT NULL,
    run           TEXT,
    step          TEXT,
    tool          TEXT    NOT NULL,
    -- JSON, secrets taken out; none when the configuration keeps none.
    parameters    TEXT,

    -- Known at the end. Without them the call was cut short, or goes on.
    success       INTEGER,
    error_type    TEXT,
    duration_ms   INTEGER,
    result_bytes  INTEGER,
    model         TEXT,
    table_name    TEXT,
    user_intent   TEXT,

    -- Known later.
    followed_by   TEXT,
    rating        INTEGER,
    comment       TEXT
) STRICT;

-- figures since a time; retention.
CREATE INDEX interactions_at ON interactions (at);
-- the last calls of a session.
CREATE INDEX interactions_session ON interactions (session, at) WHERE session IS NOT NULL;

CREATE TABLE tool_sequences (
    tool_from   TEXT    NOT NULL,
    tool_to     TEXT    NOT NULL,
    frequency   INTEGER NOT NULL,
    -- Sum over all occurrences of the time between the two.
    seconds     REAL    NOT NULL,
    successes   INTEGER NOT NULL,
    last_seen   INTEGER NOT NULL,
    PRIMARY KEY (tool_from, tool_to)
) STRICT, WITHOUT ROWID;

CREATE TABLE recommendations (
    -- The interaction whose answer showed it.
    interaction  TEXT    NOT NULL,
    -- Its place in that answer, from 0.
    rank         INTEGER NOT NULL,
    target       TEXT    NOT NULL,
    -- rule, learned or semantic.
    source       TEXT    NOT NULL,
    confidence   REAL    NOT NULL,
    shown_at     INTEGER NOT NULL,
    accepted_at  INTEGER,
    PRIMARY KEY (interaction, rank)
) STRICT, WITHOUT ROWID;

-- totals since a time; retention.
CREATE INDEX recommendations_shown ON recommendations (shown_at);
