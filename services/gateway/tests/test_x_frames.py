"""What a frame of X says."""

import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from services.gateway.tests.frames import JONAS, MIA, NOW, PROGRAM, entities, event, frame, id_at, post, repost

from gateway.domain.post import Post, PostKind, Revocation, Skip, SkipReason
from gateway.domain.x_frames import LANGUAGE_CHARACTERS_MAX, Reading, read_frame

READ_AT = NOW + timedelta(minutes=3)


def read(raw: object) -> Reading:
    return read_frame(raw, program=PROGRAM, at=READ_AT)


def read_kept(raw: object) -> Post:
    reading = read(raw)
    assert isinstance(reading, Post)
    return reading


def reason(raw: object) -> SkipReason:
    reading = read(raw)
    assert isinstance(reading, Skip)
    return reading.reason


def test_a_post_carries_its_own_canonical_tags_and_the_time_in_its_id() -> None:
    read = read_kept(frame(post(id_at(1.5), "BuyKindle", "Yes", "buykindle", lang="en")))

    assert (read.kind, read.tags, read.language) == (PostKind.POST, ("buykindle", "yes"), "en")
    assert read.posted_at == NOW + timedelta(seconds=1.5)
    assert (read.author_id, read.author_handle, read.author_protected) == (MIA, "user101", False)
    assert read.message_id == f"x:{id_at(1.5)}"


@pytest.mark.parametrize("history", ["edit_history_tweet_ids", "edit_history_post_ids"])
def test_an_edit_keeps_the_first_id_and_takes_the_time_of_its_own_version(history: str) -> None:
    data = post(id_at(60)) | {"edit_history_tweet_ids": None, history: [id_at(0), id_at(60)]}

    read = read_kept(frame(data))

    assert (read.post_id, read.version_id) == (id_at(0), id_at(60))
    assert read.posted_at == NOW + timedelta(seconds=60)


@pytest.mark.parametrize("history", [None, [], ["x"], [7], "12"])
def test_a_broken_edit_history_leaves_the_own_id(history: object) -> None:
    read = read_kept(frame(post(id_at()) | {"edit_history_tweet_ids": history}))

    assert read.post_id == id_at()


@pytest.mark.parametrize("note", ["note_tweet", "note_post"])
def test_a_long_post_is_read_with_the_tags_of_its_note(note: str) -> None:
    data = post(id_at(), "first") | {note: {"text": "x" * 9_000, "entities": entities(["late"])}}

    read = read_kept(frame(data))

    assert read.tags == ("first", "late")


def test_a_quote_counts_by_its_own_tags_and_never_by_quoted_text_or_matching_rules() -> None:
    quoted = post(id_at(-60), "BuyKindle", author=JONAS)
    data = post(id_at(), "mine", referenced_tweets=[{"type": "quoted", "id": id_at(-60)}])
    raw = frame(data, tweets=[quoted]) | {"matching_rules": [{"id": "1", "tag": "hashtill:tag:buykindle"}]}

    read = read_kept(raw)

    assert (read.kind, read.tags) == (PostKind.QUOTE, ("mine",))
    assert (read.target_post_id, read.target_author_id) == (id_at(-60), JONAS)


def test_a_quote_whose_original_is_not_included_has_no_target_author() -> None:
    read = read_kept(frame(post(id_at(), referenced_posts=[{"type": "quoted", "id": id_at(-60)}])))

    assert (read.target_post_id, read.target_author_id) == (id_at(-60), None)


def test_a_reply_that_quotes_is_a_reply_to_whom_the_post_itself_names() -> None:
    references = [{"type": "quoted", "id": "5"}, {"type": "replied_to", "id": "6"}]
    data = post(id_at(), referenced_tweets=references, in_reply_to_user_id=PROGRAM.user_id)

    read = read_kept(frame(data))

    assert (read.kind, read.target_post_id, read.addresses_program) == (PostKind.REPLY, "6", True)


def test_a_repost_has_no_tags_and_knows_whose_post_it_was() -> None:
    read = read_kept(repost(id_at(), id_at(-5)))

    assert (read.kind, read.tags) == (PostKind.REPOST, ())
    assert (read.target_post_id, read.target_author_id) == (id_at(-5), PROGRAM.user_id)


@pytest.mark.parametrize(("mentions", "author"), [([{"id": "900", "username": "AmexSync"}], "900"), ([], None)])
def test_a_repost_without_the_original_is_of_its_first_mention(mentions: list[Any], author: str | None) -> None:
    data = post(id_at(), referenced_tweets=[{"type": "retweeted", "id": "5"}]) | {"entities": {"mentions": mentions}}

    assert read_kept(frame(data)).target_author_id == author


@pytest.mark.parametrize("handle", ["amexsync", "AmexSync"])
def test_mentioning_the_program_addresses_it(handle: str) -> None:
    assert read_kept(frame(post(id_at(), mentions=[handle]))).addresses_program
    assert not read_kept(frame(post(id_at(), mentions=["somebody"]))).addresses_program


def test_a_protected_author_is_marked() -> None:
    assert read_kept(frame(post(id_at()), protected=True)).author_protected


def test_fifty_tags_are_all_read() -> None:
    tags = [f"tag{number}" for number in range(50)]

    assert list(read_kept(frame(post(id_at(), *tags))).tags) == tags


def test_a_post_of_ten_kilobytes_reads_like_any_other() -> None:
    assert read_kept(frame(post(id_at(), "BuyKindle") | {"text": "x" * 10_240})).tags == ("buykindle",)


def test_an_endless_language_is_cut() -> None:
    assert len(read_kept(frame(post(id_at(), lang="x" * 100))).language) == LANGUAGE_CHARACTERS_MAX


def test_the_activity_stream_brings_posts_in_an_envelope() -> None:
    inside = event("post.create", post(id_at(), "BuyKindle"))
    inside["data"]["includes"] = {"users": [{"id": MIA, "username": "mia", "protected": True}]}

    read = read_kept(inside)

    assert (read.tags, read.author_handle, read.author_protected) == (("buykindle",), "mia", True)


def test_a_delete_names_what_went_away_and_when_it_was_heard() -> None:
    read = read_kept(event("post.delete", {"id": id_at()}))

    assert (read.kind, read.version_id, read.author_id, read.posted_at) == (PostKind.DELETE, id_at(), MIA, READ_AT)
    assert read.message_id == f"x:{id_at()}:deleted"


def test_a_delete_that_tells_its_time_is_believed() -> None:
    read = read_kept(event("post.delete", {"tweet_id": id_at(), "date_time": "2026-11-23T12:01:00Z"}))

    assert read.posted_at == NOW + timedelta(minutes=1)


@pytest.mark.parametrize(
    ("payload", "at"),
    [
        ({"user_id": MIA, "date_time": "2026-11-23T12:01:00.000Z"}, NOW + timedelta(minutes=1)),
        ({"user_id": MIA, "date_time": "2026-11-23T12:01:00"}, READ_AT),
        ({"user_id": MIA, "date_time": "yesterday"}, READ_AT),
        ({}, READ_AT),
    ],
)
def test_a_revocation_names_the_account_and_its_moment(payload: dict[str, Any], at: object) -> None:
    read = read_frame(event("oauth.revoke", payload), program=PROGRAM, at=READ_AT)

    assert isinstance(read, Revocation)
    assert (read.user_id, read.revoked_at, read.message_id) == (MIA, at, "x:revoked:e-1")


def test_a_revocation_without_an_event_id_is_known_by_account_and_time() -> None:
    read = read_frame(event("oauth.revoke", {}, uuid=""), program=PROGRAM, at=READ_AT)

    assert isinstance(read, Revocation)
    assert read.event_id == f"{MIA}:{READ_AT.timestamp():.0f}"


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (None, SkipReason.UNKNOWN_FRAME),
        ([1], SkipReason.UNKNOWN_FRAME),
        ({"note": "hello"}, SkipReason.UNKNOWN_FRAME),
        ({"data": {"text": "no id"}}, SkipReason.BAD_ID),
        ({"data": {"id": "x1", "author_id": "1"}}, SkipReason.BAD_ID),
        ({"data": {"id": "9" * 30, "author_id": "1"}}, SkipReason.BAD_ID),
        ({"data": {"id": str(2**63), "author_id": "1"}}, SkipReason.BAD_ID),
        ({"data": {"id": True, "author_id": "1"}}, SkipReason.BAD_ID),
        ({"data": {"id": "1"}}, SkipReason.BAD_AUTHOR),
        (event("profile.update.handle", {}), SkipReason.UNKNOWN_EVENT),
        (event("post.create", {}), SkipReason.BAD_ID),
        (event("post.delete", {}), SkipReason.BAD_ID),
        (event("post.delete", {"id": "7"}, user=""), SkipReason.BAD_AUTHOR),
        (event("oauth.revoke", {}, user=""), SkipReason.BAD_AUTHOR),
    ],
)
def test_what_cannot_be_read_is_skipped_with_its_reason(raw: object, why: SkipReason) -> None:
    assert reason(raw) is why


def test_numbers_are_taken_where_x_usually_writes_strings() -> None:
    assert read_kept({"data": {"id": 7, "author_id": 8}}).version_id == "7"


_NAMES = [
    "data",
    "id",
    "author_id",
    "entities",
    "hashtags",
    "tag",
    "includes",
    "users",
    "tweets",
    "type",
    "referenced_tweets",
    "event_type",
    "payload",
    "filter",
    "user_id",
    "note_tweet",
    "mentions",
    "edit_history_tweet_ids",
    "date_time",
    "username",
    "protected",
]

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "data",
                    "id",
                    "author_id",
                    "entities",
                    "hashtags",
                    "tag",
                    "includes",
                    "users",
                    "tweets",
                    "type",
                    "referenced_tweets",
                    "event_type",
                    "payload",
                    "filter",
                    "user_id",
                    "note_tweet",
                    "mentions",
                    "edit_history_tweet_ids",
                    "date_time",
                    "username",
                    "protected",
                ]
            ),
            inner | st.sampled_from(["post.create", "post.delete", "oauth.revoke", "retweeted", "12345"]),
            max_size=6,
        )
    ),
    max_leaves=25,
)


@settings(max_examples=300)
@given(raw=_JSON)
def test_no_json_of_any_shape_raises(raw: object) -> None:
    reading = read(json.loads(json.dumps(raw)))

    assert isinstance(reading, Post | Revocation | Skip)
