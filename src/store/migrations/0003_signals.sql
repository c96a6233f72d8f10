-- What signals need: which runs wait for which event, and which signals have
-- been delivered.

-- An index of the log, as `steps` is: the waits that a signal to nobody in
-- particular wakes. A row goes with its wait.
CREATE TABLE waits (
    run     INTEGER NOT NULL REFERENCES runs (no) ON DELETE CASCADE,
    -- The instance that waits.
    step    TEXT    NOT NULL,
    event   TEXT    NOT NULL,
    PRIMARY KEY (run, step)
) STRICT, WITHOUT ROWID;

-- signal: open waits for an event, over all runs.
CREATE INDEX waits_event ON waits (event, run);

-- Signals that carried an id: such a signal is delivered once. Those to one run
-- go with it; the others are kept for a month.
CREATE TABLE signals (
    run     INTEGER REFERENCES runs (no) ON DELETE CASCADE,
    id      TEXT    NOT NULL,
    at      INTEGER NOT NULL
) STRICT;

-- signal: was this one delivered?
CREATE UNIQUE INDEX signals_once ON signals (ifnull(run, 0), id);
-- signal: those that are too old.
CREATE INDEX signals_at ON signals (at) WHERE run IS NULL;
-- delete: those of a run.
CREATE INDEX signals_run ON signals (run) WHERE run IS NOT NULL;
