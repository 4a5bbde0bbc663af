-- One message to one recipient. The address it goes to is never kept; identity is asked at sending.
CREATE TABLE delivery (
    delivery_id uuid PRIMARY KEY,
    channel text NOT NULL CHECK (channel IN ('POST', 'REPLY', 'MAIL')),
    purpose text NOT NULL,
    template text NOT NULL,
    facts text NOT NULL, -- a JSON object of texts: what the template says
    urgency smallint NOT NULL,
    state text NOT NULL CHECK (state IN ('WAITING', 'SENDING', 'SENT', 'FAILED', 'SKIPPED')),
    order_id uuid,
    offer_id text,
    cardmember_id uuid,
    network text,
    author_id text,
    in_reply_to text,
    attempts integer NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    -- When it may be sent (WAITING), or when its sender's lease runs out (SENDING).
    next_at timestamptz NOT NULL,
    tried_at timestamptz,
    failure text NOT NULL DEFAULT '',
    sent_id text NOT NULL DEFAULT '',
    sent_at timestamptz,
    created_at timestamptz NOT NULL,
    traceparent text,
    CONSTRAINT sent_is_known CHECK (state <> 'SENT' OR (sent_id <> '' AND sent_at IS NOT NULL))
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01);

CREATE INDEX delivery_due ON delivery (urgency, next_at) WHERE state IN ('WAITING', 'SENDING');
CREATE INDEX delivery_newest ON delivery (created_at DESC, delivery_id DESC);
CREATE INDEX delivery_of_order ON delivery (order_id) WHERE order_id IS NOT NULL;
CREATE INDEX delivery_refusals ON delivery (sent_at) WHERE channel = 'REPLY' AND urgency = 2 AND state = 'SENT';

-- Other refusals are answered once for each author, reason and day.
CREATE TABLE refusal_answered (
    author_id text NOT NULL,
    reason text NOT NULL,
    day date NOT NULL,
    PRIMARY KEY (author_id, reason, day)
);

-- What a network's last answer left of our quota.
CREATE TABLE quota (
    network text PRIMARY KEY,
    quota_limit integer NOT NULL,
    remaining integer NOT NULL,
    reset_at timestamptz NOT NULL
);
