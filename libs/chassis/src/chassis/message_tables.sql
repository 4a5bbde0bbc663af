-- The tables of the outbox, the inbox and what belongs to them; every service's own database has them.

CREATE SEQUENCE outbox_id_seq AS bigint CACHE 1;

-- What leaves the service. Within an aggregate ids follow versions (the writer holds the aggregate's row);
-- between aggregates an id may commit late, so nothing here is read by "id > last" but by published_at IS NULL.
CREATE TABLE outbox (
    id            bigint      NOT NULL DEFAULT nextval('outbox_id_seq'),
    created_day   date        NOT NULL DEFAULT (statement_timestamp() AT TIME ZONE 'UTC')::date,
    msg_id        text        NOT NULL,
    aggregate     text        NOT NULL,
    version       bigint      NOT NULL CHECK (version >= 0),
    subject       text        NOT NULL CHECK (subject <> ''),
    headers       bytea       NOT NULL,
    body          bytea       NOT NULL,
    created_at    timestamptz NOT NULL DEFAULT statement_timestamp(),
    published_at  timestamptz,
    stream        text,
    stream_seq    bigint,
    parked_at     timestamptz,
    PRIMARY KEY (id, created_day),
    UNIQUE (msg_id, created_day),
    CHECK ((published_at IS NULL) = (stream_seq IS NULL))
) PARTITION BY RANGE (created_day);

ALTER SEQUENCE outbox_id_seq OWNED BY outbox.id;

CREATE INDEX outbox_unpublished ON outbox (id) WHERE published_at IS NULL AND parked_at IS NULL;

-- Catches days that have no partition yet; the maintenance moves its rows to their own.
CREATE TABLE outbox_rest PARTITION OF outbox DEFAULT;

-- What had its effect. The day is the message's own (its ce-time), so a copy meets the same partition whenever it comes.
CREATE TABLE inbox (
    consumer  text NOT NULL,
    msg_id    text NOT NULL,
    day       date NOT NULL,
    PRIMARY KEY (consumer, msg_id, day)
) PARTITION BY RANGE (day);

CREATE TABLE inbox_rest PARTITION OF inbox DEFAULT;

-- What could not be handled (or published: consumer "relay"), kept for an operator; a person replays or drops it.
CREATE TABLE dead_letter (
    id              bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    consumer        text        NOT NULL,
    msg_id          text        NOT NULL,
    subject         text        NOT NULL,
    headers         bytea       NOT NULL,
    body            bytea       NOT NULL,
    stream          text        NOT NULL,
    stream_seq      bigint      NOT NULL,
    reason          text        NOT NULL,
    attempts        integer     NOT NULL,
    at              timestamptz NOT NULL DEFAULT statement_timestamp(),
    replay_at       timestamptz,
    resolved_at     timestamptz,
    resolved_by     text,
    resolution      text CHECK (resolution IN ('REPLAYED', 'DROPPED')),
    CHECK ((resolved_at IS NULL) = (resolution IS NULL))
);

CREATE UNIQUE INDEX dead_letter_open ON dead_letter (consumer, msg_id) WHERE resolved_at IS NULL;

-- The first answer to a request id (AIP-155), for as long as a caller may repeat it.
CREATE TABLE idempotency (
    scope         text        NOT NULL,
    request_id    text        NOT NULL,
    request_hash  bytea       NOT NULL,
    response      bytea,
    at            timestamptz NOT NULL DEFAULT statement_timestamp(),
    PRIMARY KEY (scope, request_id)
);

CREATE INDEX idempotency_at ON idempotency (at);

-- What the relay last knew of each stream; a stream that is younger or shorter than this lost messages.
CREATE TABLE relay_stream (
    stream         text   PRIMARY KEY,
    created        text   NOT NULL,
    last_sequence  bigint NOT NULL
);
