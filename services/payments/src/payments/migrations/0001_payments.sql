-- The vault: what is personal or chargeable is sealed before it comes here; a card number or CVV never does.
CREATE TABLE card (
    card_token text PRIMARY KEY,
    brand text NOT NULL,
    product text NOT NULL CHECK (product IN ('UNKNOWN', 'CONSUMER_CREDIT', 'CONSUMER_CHARGE', 'CORPORATE', 'PREPAID', 'GIFT')),
    country text NOT NULL,
    last4 text NOT NULL CHECK (last4 ~ '^[0-9]{4}$'),
    account_reference text NOT NULL,
    billing_country text NOT NULL,
    billing_region text NOT NULL,
    processor_token_sealed bytea NOT NULL,
    billing_sealed bytea NOT NULL,
    fingerprint bytea NOT NULL,
    entered_at timestamptz NOT NULL
);

-- Equal numbers have equal fingerprints: which tokens are one card.
CREATE INDEX card_of_fingerprint ON card (fingerprint);

CREATE TABLE card_session (
    card_session_id text PRIMARY KEY,
    browser_session text NOT NULL,
    return_url text NOT NULL,
    form_token text NOT NULL,
    expires_at timestamptz NOT NULL,
    entries integer NOT NULL CHECK (entries >= 0),
    card_token text REFERENCES card
);

CREATE INDEX card_session_ended ON card_session (expires_at);

CREATE TABLE charge (
    charge_id uuid PRIMARY KEY,
    order_id uuid NOT NULL,
    attempt integer NOT NULL CHECK (attempt > 0),
    state text NOT NULL CHECK (state IN (
        'AUTHORIZING', 'AUTHORIZED', 'DECLINED', 'CAPTURING', 'CAPTURED', 'VOIDING', 'VOIDED', 'LAPSING', 'LAPSED', 'REFUNDED'
    )),
    amount_minor bigint NOT NULL CHECK (amount_minor > 0),
    currency_code text NOT NULL,
    card_token text NOT NULL REFERENCES card,
    card_last4 text NOT NULL,
    merchant_id text NOT NULL,
    statement_descriptor text NOT NULL,
    updated_at timestamptz NOT NULL,
    captured_minor bigint NOT NULL,
    refunded_minor bigint NOT NULL CHECK (refunded_minor >= 0),
    refunding_minor bigint NOT NULL CHECK (refunding_minor >= 0),
    void_wanted boolean NOT NULL,
    decline_code text NOT NULL,
    processor_authorization text NOT NULL,
    network_reference text NOT NULL,
    processor_capture text NOT NULL,
    expires_at timestamptz,
    version bigint NOT NULL CHECK (version > 0),
    UNIQUE (order_id, attempt),
    CONSTRAINT captured_at_most_authorized CHECK (captured_minor BETWEEN 0 AND amount_minor),
    CONSTRAINT refunded_at_most_captured CHECK (refunded_minor + refunding_minor <= captured_minor)
) WITH (fillfactor = 80);

-- One attempt at most of an order holds or took money: the next may begin only when the one before failed.
CREATE UNIQUE INDEX charge_live ON charge (order_id) WHERE state NOT IN ('DECLINED', 'LAPSED');
CREATE INDEX charge_expiring ON charge (expires_at) WHERE state = 'AUTHORIZED';

-- What was asked of the processor, each under its idempotency key.
CREATE TABLE operation (
    key text PRIMARY KEY,
    charge_id uuid NOT NULL REFERENCES charge,
    kind text NOT NULL CHECK (kind IN ('AUTH', 'CAPTURE', 'VOID', 'REFUND')),
    amount_minor bigint NOT NULL CHECK (amount_minor > 0),
    currency_code text NOT NULL,
    state text NOT NULL CHECK (state IN ('NEW', 'SENT', 'UNKNOWN', 'OK', 'FAILED')),
    contents_hash bytea NOT NULL,
    begun_at timestamptz NOT NULL,
    due_at timestamptz,
    asked_times integer NOT NULL,
    reference text NOT NULL,
    code text NOT NULL,
    cause text NOT NULL,
    CONSTRAINT known_is_not_due CHECK (state NOT IN ('OK', 'FAILED') OR due_at IS NULL)
) WITH (fillfactor = 80);

-- One authorization, capture and void at most of a charge; refunds are many.
CREATE UNIQUE INDEX operation_once ON operation (charge_id, kind) WHERE kind <> 'REFUND';
CREATE INDEX operation_due ON operation (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX operation_unsettled ON operation (charge_id) WHERE state NOT IN ('OK', 'FAILED');

-- The ledger: both sides in one row, so debits equal credits; it only grows.
CREATE TABLE transfer (
    sequence bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    transfer_id uuid NOT NULL UNIQUE,
    charge_id uuid NOT NULL REFERENCES charge,
    order_id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('AUTHORIZE', 'CAPTURE', 'VOID', 'LAPSE', 'REFUND')),
    debit_account text NOT NULL,
    credit_account text NOT NULL CHECK (credit_account <> debit_account),
    amount_minor bigint NOT NULL CHECK (amount_minor > 0),
    currency_code text NOT NULL,
    entered_at timestamptz NOT NULL
);

CREATE INDEX transfer_of_order ON transfer (order_id, sequence);

CREATE FUNCTION refuse_ledger_change() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN RAISE EXCEPTION ''The ledger only grows: correct it with a new transfer.''; END';

CREATE TRIGGER ledger_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON transfer
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_ledger_change();

-- Any account's balance, for people and checks: what came in less what went out.
CREATE VIEW balance AS
SELECT side.account, transfer.currency_code, sum(side.moved_minor)::bigint AS balance_minor
FROM transfer
CROSS JOIN LATERAL (
    VALUES (transfer.credit_account, transfer.amount_minor), (transfer.debit_account, -transfer.amount_minor)
) AS side (account, moved_minor)
GROUP BY side.account, transfer.currency_code;
