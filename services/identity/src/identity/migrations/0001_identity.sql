-- Whose cards are linked: one cardmember for each card account, over all networks.
CREATE TABLE cardmember (
    cardmember_id uuid PRIMARY KEY,
    account_reference text NOT NULL UNIQUE,
    name text NOT NULL,
    email text NOT NULL,
    language text NOT NULL,
    opt_outs text[] NOT NULL DEFAULT '{}',
    updated_at timestamptz NOT NULL
);

CREATE TABLE link (
    link_id uuid PRIMARY KEY,
    network text NOT NULL,
    browser_session text NOT NULL,
    name text NOT NULL,
    email text NOT NULL,
    language text NOT NULL,
    terms_version text NOT NULL,
    consented_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    status text NOT NULL CHECK (status IN ('PENDING_AUTHORIZATION', 'PENDING_CARD', 'CARD_REFUSED', 'ACTIVE', 'FROZEN', 'ENDED')),
    version bigint NOT NULL CHECK (version > 0),
    cardmember_id uuid REFERENCES cardmember,
    network_user_id text,
    handle text NOT NULL,
    refusal_reason text NOT NULL,
    card_token text,
    card_last4 text NOT NULL,
    ship_to_country text NOT NULL,
    ship_to_region text NOT NULL,
    linked_at timestamptz,
    CONSTRAINT active_is_whole CHECK (
        status <> 'ACTIVE'
        OR (cardmember_id IS NOT NULL AND network_user_id IS NOT NULL AND card_token IS NOT NULL AND linked_at IS NOT NULL)
    )
);

-- One link at most holds an account: it is ACTIVE or FROZEN.
CREATE UNIQUE INDEX link_holding ON link (network, network_user_id) WHERE status IN ('ACTIVE', 'FROZEN');
-- The hot question: the links of many accounts.
CREATE INDEX link_of_account ON link (network, network_user_id);
CREATE INDEX link_newest ON link (updated_at DESC, link_id DESC);
CREATE INDEX link_of_cardmember ON link (cardmember_id);

-- OAuth under way: the state as its hash, the verifier sealed; a row is taken once.
CREATE TABLE authorization_under_way (
    state_hash bytea PRIMARY KEY,
    verifier_sealed bytea NOT NULL,
    link_id uuid NOT NULL REFERENCES link,
    browser_session text NOT NULL,
    expires_at timestamptz NOT NULL
);

CREATE INDEX authorization_over ON authorization_under_way (expires_at);

-- Our access at a network, sealed, until it is withdrawn after the link's end (due_since).
CREATE TABLE access_grant (
    link_id uuid PRIMARY KEY REFERENCES link,
    token_sealed bytea NOT NULL,
    due_since timestamptz
);

CREATE INDEX access_due ON access_grant (due_since) WHERE due_since IS NOT NULL;
