-- What a process must have to go on with a run, as JSON: its tools, their
-- servers with a hash of how each is started, secrets' names, roots. NULL for
-- runs made before this was kept.
ALTER TABLE runs ADD COLUMN needs TEXT;
