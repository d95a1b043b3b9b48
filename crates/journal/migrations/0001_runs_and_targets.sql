-- Times are RFC 3339 text in UTC with milliseconds, so that their order is that of the text.
CREATE TABLE runs (
    id          TEXT    NOT NULL PRIMARY KEY,
    version     TEXT    NOT NULL,
    command     TEXT    NOT NULL,
    arguments   TEXT    NOT NULL,
    config      TEXT,
    options     TEXT    NOT NULL,
    pid         BIGINT  NOT NULL,
    resumed     BIGINT  NOT NULL DEFAULT 0,
    started_at  TEXT    NOT NULL,
    ended_at    TEXT,
    exit_code   BIGINT
);

-- How far a target has come is in `state`: it says where a resumed run goes on. A target can have an outcome and still be open,
-- for example `still-running` in the state `started`.
CREATE TABLE targets (
    run_id       TEXT    NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    position     BIGINT  NOT NULL,
    endpoint     TEXT    NOT NULL,
    kind         TEXT    NOT NULL,
    target_id    TEXT    NOT NULL,
    name         TEXT    NOT NULL,
    vendor       TEXT    NOT NULL,
    facts        TEXT    NOT NULL,
    state        TEXT    NOT NULL CHECK (state IN ('planned', 'intended', 'started', 'ended')),
    baseline     TEXT,
    intents      BIGINT  NOT NULL DEFAULT 0,
    intent_at    TEXT,
    job          TEXT,
    adopted      BOOLEAN NOT NULL DEFAULT FALSE,
    started_at   TEXT,
    outcome      TEXT,
    outcome_json TEXT,
    error_kind   TEXT,
    transient    BOOLEAN NOT NULL DEFAULT FALSE,
    duration_ms  BIGINT,
    ended_at     TEXT,
    PRIMARY KEY (run_id, position),
    UNIQUE (run_id, endpoint, kind, target_id)
);

CREATE INDEX open_targets ON targets (run_id) WHERE state <> 'ended';
