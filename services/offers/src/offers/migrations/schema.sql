-- What offers keeps. The constraints state the rules the domain keeps; the tests hold both to the same suite.

CREATE TABLE merchant (
    merchant_id    text        PRIMARY KEY,
    display_name   text        NOT NULL CHECK (display_name <> ''),
    support_email  text        NOT NULL CHECK (support_email <> ''),
    updated_at     timestamptz NOT NULL
);

-- Scheduled, live and over-by-window are derived from standing, window and a moment.
CREATE TABLE offer (
    offer_id                 text        PRIMARY KEY,
    merchant_id              text        NOT NULL REFERENCES merchant,
    kind                     text        NOT NULL CHECK (kind IN ('PURCHASE')),
    tag                      text        NOT NULL,
    tag_canonical            text        NOT NULL CHECK (tag_canonical = lower(tag)),
    title                    text        NOT NULL CHECK (title <> ''),
    description              text        NOT NULL,
    currency_code            text        NOT NULL CHECK (currency_code ~ '^[A-Z]{3}$'),
    price_minor              bigint      NOT NULL CHECK (price_minor > 0),
    shipping_minor           bigint      NOT NULL CHECK (shipping_minor >= 0),
    tax_default_basis_points integer     NOT NULL CHECK (tax_default_basis_points BETWEEN 0 AND 5000),
    tax_regions              text[]      NOT NULL,
    tax_region_basis_points  integer[]   NOT NULL CHECK (cardinality(tax_regions) = cardinality(tax_region_basis_points)),
    per_member_limit         integer     NOT NULL CHECK (per_member_limit BETWEEN 1 AND 100),
    starts_at                timestamptz NOT NULL,
    ends_at                  timestamptz NOT NULL CHECK (starts_at < ends_at),
    time_zone                text        NOT NULL,
    channels                 text[]      NOT NULL CHECK (cardinality(channels) > 0),
    fulfilment               text        NOT NULL CHECK (fulfilment IN ('GOODS', 'DIGITAL')),
    ship_to_countries        text[]      NOT NULL CHECK (cardinality(ship_to_countries) > 0),
    terms_url                text        NOT NULL,
    standing                 text        NOT NULL CHECK (standing IN ('DRAFT', 'PUBLISHED', 'PAUSED', 'ENDED')),
    closed_by_hand_at        timestamptz CHECK (closed_by_hand_at IS NULL OR standing = 'ENDED'),
    version                  bigint      NOT NULL CHECK (version > 0),
    created_at               timestamptz NOT NULL,
    updated_at               timestamptz NOT NULL
);

-- A tag belongs to one published offer that has not ended.
CREATE UNIQUE INDEX offer_tag_taken ON offer (tag_canonical) WHERE standing IN ('PUBLISHED', 'PAUSED');
CREATE INDEX offer_by_tag ON offer (tag_canonical, ends_at) WHERE standing = 'ENDED';
CREATE INDEX offer_newest ON offer (created_at DESC, offer_id);
CREATE INDEX offer_due ON offer (ends_at) WHERE standing IN ('PUBLISHED', 'PAUSED');
CREATE INDEX offer_ended ON offer (updated_at) WHERE standing = 'ENDED';

-- The row everyone who changes an offer or its holds locks first, in the order of offer ids. A hot offer's row changes
-- with every batch: room in the page keeps those changes in place.
CREATE TABLE stock (
    offer_id   text   PRIMARY KEY REFERENCES offer,
    total      bigint NOT NULL CHECK (total BETWEEN 0 AND 10000000),
    available  bigint NOT NULL CHECK (available >= 0),
    held       bigint NOT NULL CHECK (held >= 0),
    committed  bigint NOT NULL CHECK (committed >= 0),
    version    bigint NOT NULL,
    CONSTRAINT stock_conserved CHECK (available + held + committed = total)
) WITH (fillfactor = 10);

-- One unit for one order, with the terms it was promised at. A row without an offer is a tombstone: the order was
-- released before any hold came, and one that comes late is refused.
CREATE TABLE hold (
    order_id       uuid        PRIMARY KEY,
    offer_id       text        REFERENCES offer,
    cardmember_id  uuid,
    state          text        NOT NULL CHECK (state IN ('HELD', 'COMMITTED', 'RELEASED', 'LAPSED')),
    lapse_at       timestamptz,
    offer_version  bigint,
    merchant_id    text,
    merchant_name  text,
    title          text,
    tag            text,
    currency_code  text,
    price_minor    bigint,
    tax_minor      bigint CHECK (tax_minor >= 0),
    shipping_minor bigint,
    fulfilment     text,
    terms_url      text,
    held_at        timestamptz NOT NULL DEFAULT now(),
    changed_at     timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT hold_or_tombstone CHECK (
        CASE WHEN offer_id IS NULL THEN state = 'RELEASED'
        ELSE num_nulls(cardmember_id, lapse_at, offer_version, merchant_id, merchant_name, title, tag, currency_code,
                       price_minor, tax_minor, shipping_minor, fulfilment, terms_url) = 0 END
    )
) WITH (fillfactor = 80);

-- One unconfirmed hold of an offer for each cardmember, over all networks and links.
CREATE UNIQUE INDEX hold_open ON hold (offer_id, cardmember_id) WHERE state = 'HELD';
CREATE INDEX hold_counted ON hold (offer_id, cardmember_id) WHERE state = 'COMMITTED';
CREATE INDEX hold_due ON hold (lapse_at) WHERE state = 'HELD';

-- What the bucket known_tags holds; a forgotten tag keeps its row, so that its version goes on when it comes back.
CREATE TABLE known_tag (
    tag          text        PRIMARY KEY,
    offer_id     text        NOT NULL REFERENCES offer,
    kind         text        NOT NULL,
    channels     text[]      NOT NULL,
    ends_at      timestamptz NOT NULL,
    known_until  timestamptz NOT NULL,
    version      bigint      NOT NULL CHECK (version > 0),
    forgotten    boolean     NOT NULL DEFAULT false
);

CREATE INDEX known_tag_due ON known_tag (known_until) WHERE NOT forgotten;
