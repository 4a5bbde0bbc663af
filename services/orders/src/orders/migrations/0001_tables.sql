-- One row is one purchase and its saga: where it stands, until when, and when its next step is due.
CREATE TABLE orders (
    order_id                uuid        PRIMARY KEY,
    network                 text        NOT NULL CHECK (network <> ''),
    post_id                 text        NOT NULL CHECK (post_id <> ''),
    version_id              text        NOT NULL,
    author_id               text        NOT NULL CHECK (author_id <> ''),
    author_handle           text        NOT NULL,
    language                text        NOT NULL,
    link_id                 uuid        NOT NULL,
    cardmember_id           uuid        NOT NULL,
    card_token              text        NOT NULL,
    ship_to_country         text        NOT NULL,
    ship_to_region          text        NOT NULL,
    tag                     text        NOT NULL,
    posted_at               timestamptz NOT NULL,
    created_at              timestamptz NOT NULL,
    traceparent             text,
    state                   text        NOT NULL,
    version                 bigint      NOT NULL CHECK (version > 0),
    updated_at              timestamptz NOT NULL,
    ends_as                 text,
    reason                  text        NOT NULL,
    cancel_reason           text,
    disowned                boolean     NOT NULL,
    deadline_at             timestamptz,
    next_step_at            timestamptz,
    attempts                integer     NOT NULL CHECK (attempts >= 0),
    offer_id                text,
    merchant_id             text,
    merchant_name           text,
    title                   text,
    currency_code           text,
    price_minor             bigint CHECK (price_minor >= 0),
    tax_minor               bigint CHECK (tax_minor >= 0),
    shipping_minor          bigint CHECK (shipping_minor >= 0),
    total_minor             bigint CHECK (total_minor = price_minor + tax_minor + shipping_minor),
    digital                 boolean,
    confirmation_tag        text,
    prompt_post_id          text,
    confirm_by              timestamptz,
    early_kind              text,
    early_at                timestamptz,
    early_post_id           text,
    early_version_id        text,
    early_target_post_id    text,
    confirmation_kind       text,
    confirmed_at            timestamptz,
    confirmation_post_id    text,
    confirmation_version_id text,
    charge_attempt          integer     NOT NULL DEFAULT 1 CHECK (charge_attempt BETWEEN 1 AND 2),
    charge_id               uuid,
    card_last4              text        NOT NULL DEFAULT '',
    remorse_ends_at         timestamptz,
    accepted_at             timestamptz,
    deliver_by              timestamptz,
    carrier                 text,
    tracking_number         text,
    shipped_at              timestamptz,
    refunded_minor          bigint      NOT NULL DEFAULT 0 CHECK (refunded_minor >= 0),
    refund_request_id       uuid,
    refund_asked_minor      bigint      NOT NULL DEFAULT 0 CHECK (refund_asked_minor >= 0),
    UNIQUE (network, post_id),
    CONSTRAINT a_held_order_has_its_terms CHECK ((offer_id IS NULL) = (confirmation_tag IS NULL)
        AND (offer_id IS NULL) = (total_minor IS NULL)),
    CONSTRAINT awaiting_knows_its_window CHECK (state <> 'AWAITING_CONFIRMATION'
        OR (deadline_at = confirm_by AND prompt_post_id IS NOT NULL AND early_at IS NULL)),
    CONSTRAINT no_charge_without_a_confirmation CHECK (confirmed_at IS NOT NULL OR state NOT IN ('COMMITTING', 'AUTHORIZING',
        'AUTHORIZED', 'READY_TO_SHIP', 'SHIPPING', 'CAPTURING', 'COMPLETED', 'REFUNDING', 'REFUNDED', 'VOIDING', 'VOIDED')),
    CONSTRAINT confirmed_in_time CHECK (confirmation_kind IS NULL OR confirm_by IS NULL OR confirmed_at <= confirm_by),
    CONSTRAINT money_needs_a_charge CHECK (charge_id IS NOT NULL OR state NOT IN ('AUTHORIZED', 'READY_TO_SHIP', 'SHIPPING',
        'COMPLETED', 'REFUNDING', 'REFUNDED', 'VOIDING')),
    CONSTRAINT releasing_knows_where_it_leads CHECK (state <> 'RELEASING' OR ends_as IS NOT NULL),
    CONSTRAINT a_step_is_due_where_a_peer_is_awaited CHECK ((next_step_at IS NOT NULL) = (state IN ('HOLDING', 'COMMITTING',
        'AUTHORIZING', 'CAPTURING', 'VOIDING', 'RELEASING', 'REFUNDING'))),
    CONSTRAINT never_more_back_than_taken CHECK (refunded_minor + refund_asked_minor <= COALESCE(total_minor, 0)),
    CONSTRAINT shipped_is_accepted CHECK (shipped_at IS NULL OR accepted_at IS NOT NULL)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01, autovacuum_analyze_scale_factor = 0.02);

-- Deadlines: timer and truth are the same row.
CREATE INDEX orders_awaiting ON orders (network, deadline_at) WHERE state = 'AWAITING_CONFIRMATION';

-- Limits that the database clock judges.
CREATE INDEX orders_timed ON orders (deadline_at)
    WHERE state IN ('HOLDING', 'PROMPTING', 'AUTHORIZED', 'READY_TO_SHIP', 'SHIPPING');

-- Steps whose lease has run out or whose next try is due.
CREATE INDEX orders_stepping ON orders (next_step_at) WHERE next_step_at IS NOT NULL;

-- A tag is one order's while that order is open; closed orders are still found by it, to answer who comes late.
CREATE UNIQUE INDEX orders_open_tag ON orders (confirmation_tag) WHERE state NOT IN
    ('REFUNDED', 'EXPIRED', 'CANCELLED', 'DECLINED', 'REFUSED', 'VOIDED');
CREATE INDEX orders_tag ON orders (confirmation_tag) WHERE confirmation_tag IS NOT NULL;
CREATE INDEX orders_prompt ON orders (prompt_post_id) WHERE prompt_post_id IS NOT NULL;

CREATE INDEX orders_cardmember ON orders (cardmember_id, created_at);
CREATE INDEX orders_newest ON orders (created_at, order_id);
CREATE INDEX orders_due_at_merchant ON orders (merchant_id, created_at, order_id) WHERE state IN ('READY_TO_SHIP', 'SHIPPING');

-- An order's story; rows are only ever added.
CREATE TABLE order_log (
    order_id    uuid        NOT NULL,
    version     bigint      NOT NULL,
    from_state  text,
    to_state    text        NOT NULL,
    cause       text        NOT NULL,
    cause_id    text        NOT NULL,
    detail      text        NOT NULL,
    trace_id    text        NOT NULL,
    at          timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (order_id, version)
);

-- What each post came to, for ever: a post has at most one effect.
CREATE TABLE post_verdict (
    network     text        NOT NULL,
    post_id     text        NOT NULL,
    version_id  text        NOT NULL,
    author_id   text        NOT NULL,
    verdict     text        NOT NULL CHECK (verdict IN ('ORDERED', 'CONFIRMED', 'REFUSED', 'CANCELLED', 'IGNORED')),
    reason      text        NOT NULL,
    posted_at   timestamptz NOT NULL,
    decided_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    order_id    uuid,
    PRIMARY KEY (network, post_id)
);
CREATE INDEX post_verdict_order ON post_verdict (order_id) WHERE order_id IS NOT NULL;
CREATE INDEX post_verdict_version ON post_verdict (network, version_id) WHERE version_id <> post_id;

-- How far each network has been read, shard by shard.
CREATE TABLE watermark (
    network    text        NOT NULL,
    shard      integer     NOT NULL CHECK (shard >= 0),
    at         timestamptz NOT NULL,
    stored_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (network, shard)
) WITH (fillfactor = 50);
