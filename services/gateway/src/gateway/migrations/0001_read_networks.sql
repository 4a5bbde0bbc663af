-- Every version of a post that was ever kept: the primary key is what makes a version be told once.
-- message_id: network:version_id, or network:version_id:deleted for what a DELETE took away.
CREATE TABLE kept_post (
    message_id text PRIMARY KEY,
    network text NOT NULL,
    post_id text NOT NULL,
    version_id text NOT NULL,
    author_id text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('post', 'reply', 'quote', 'repost', 'delete')),
    posted_at timestamptz NOT NULL
);

CREATE INDEX kept_post_version ON kept_post (version_id);

CREATE INDEX kept_post_first ON kept_post (post_id);

CREATE INDEX kept_post_age ON kept_post (posted_at);

CREATE TABLE kept_revocation (
    message_id text PRIMARY KEY,
    network text NOT NULL,
    user_id text NOT NULL,
    revoked_at timestamptz NOT NULL,
    kept_at timestamptz NOT NULL DEFAULT now()
);

-- How far each stream is read; gap_from is set while a gap is open.
CREATE TABLE network_stream (
    network text NOT NULL,
    stream text NOT NULL CHECK (stream IN ('filtered', 'activity')),
    state text NOT NULL CHECK (state IN ('never_opened', 'open', 'lost')),
    since timestamptz,
    last_heard_at timestamptz,
    read_until timestamptz,
    gap_from timestamptz CHECK (gap_from <= read_until),
    why_lost text NOT NULL DEFAULT '',
    PRIMARY KEY (network, stream)
);

-- All posts of the network up to here are read and told; it never goes back.
CREATE TABLE network_watermark (
    network text PRIMARY KEY,
    at timestamptz NOT NULL
);

-- Prompts of ours that a repost may still answer.
CREATE TABLE prompt (
    network text NOT NULL,
    post_id text NOT NULL,
    in_reply_to_post_id text NOT NULL,
    posted_at timestamptz NOT NULL,
    PRIMARY KEY (network, post_id)
);

CREATE INDEX prompt_age ON prompt (network, posted_at);

-- Which links are watched; version is that of identity's newest word on the link.
CREATE TABLE watched_link (
    link_id uuid PRIMARY KEY,
    network text NOT NULL,
    user_id text NOT NULL,
    watched boolean NOT NULL,
    version bigint NOT NULL
);

CREATE INDEX watched_link_account ON watched_link (network, user_id) WHERE watched;
