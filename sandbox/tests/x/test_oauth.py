"""Signing in with PKCE: the whole way, and every way it is refused."""

import base64
import hashlib
from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import parse_qs, urlsplit

import pytest

from sandbox.x.client import Answer, XClient
from sandbox.x.settable_clock import SettableClock

CALLBACK = "http://127.0.0.1:9/callback"
VERIFIER = "v" * 64
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
CLIENT = ("hashtill", "s3cret")
QUERY = {
    "response_type": "code",
    "client_id": "hashtill",
    "redirect_uri": CALLBACK,
    "scope": "users.read tweet.read offline.access",
    "state": "st&te",
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
}


async def _allow(x: XClient, **form: str) -> dict[str, str]:
    """Press a button on the page and give what the redirect carries."""
    page = await x.call(
        "POST", "/i/oauth2/authorize", form={**QUERY, "decision": "allow", "user_id": "1000000101", **form}
    )
    assert page.status == 302, page
    assert page.headers["Location"].startswith(CALLBACK + "?")
    return {key: values[0] for key, values in parse_qs(urlsplit(page.headers["Location"]).query).items()}


async def _token(
    x: XClient, code: str, *, basic: tuple[str, str] | None = CLIENT, changes: Mapping[str, str] | None = None
) -> Answer:
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, "code_verifier": VERIFIER}
    return await x.call("POST", "/2/oauth2/token", form={**form, **(changes or {})}, basic=basic)


async def test_a_person_allows_and_the_app_reads_who_they_are(x: XClient) -> None:
    page = await x.call("GET", "/i/oauth2/authorize", query=QUERY)
    carried = await _allow(x)
    token = await _token(x, carried["code"])
    me = await x.call("GET", "/2/users/me", token=token.body["access_token"], query={"user.fields": "protected"})

    assert page.status == 200
    assert carried["state"] == "st&te"
    assert token.body["token_type"] == "bearer"
    assert token.body["expires_in"] == 7200
    assert set(token.body["scope"].split()) == set(QUERY["scope"].split())
    assert me.body["data"] == {"id": "1000000101", "name": "Mia Keller", "username": "mia_k", "protected": False}


async def test_a_public_client_names_itself_in_the_form(x: XClient) -> None:
    code = (await _allow(x, username="@jonas_b"))["code"]

    assert (await _token(x, code, basic=None, changes={"client_id": "hashtill"})).status == 200


async def test_a_person_may_decline(x: XClient) -> None:
    assert await _allow(x, decision="deny") == {"error": "access_denied", "state": "st&te"}


@pytest.mark.parametrize(
    "change",
    [
        {"client_id": "another"},
        {"redirect_uri": CALLBACK + "/"},
        {"response_type": "token"},
        {"code_challenge_method": "plain"},
        {"code_challenge": "short"},
        {"state": ""},
        {"state": "s" * 501},
        {"scope": ""},
        {"scope": "tweet.read everything"},
    ],
)
async def test_a_malformed_request_never_leaves_the_page(x: XClient, change: dict[str, str]) -> None:
    assert (await x.call("GET", "/i/oauth2/authorize", query=QUERY | change)).status == 400


@pytest.mark.parametrize(
    "change",
    [{"code_verifier": "w" * 64}, {"code_verifier": ""}, {"redirect_uri": CALLBACK + "?x"}, {"grant_type": "password"}],
)
async def test_a_code_is_worth_nothing_without_its_proof(x: XClient, change: dict[str, str]) -> None:
    code = (await _allow(x))["code"]

    assert (await _token(x, code, changes=change)).status == 400


async def test_a_code_works_once(x: XClient) -> None:
    code = (await _allow(x))["code"]

    answers = [await _token(x, code), await _token(x, code)]

    assert [answer.status for answer in answers] == [200, 400]
    assert answers[1].body["error"] == "invalid_request"


async def test_a_code_lives_thirty_seconds_and_a_token_two_hours(
    start_x: Callable[..., Awaitable[XClient]], clock: SettableClock
) -> None:
    x = await start_x(clock=clock)
    early, late = (await _allow(x))["code"], (await _allow(x))["code"]

    clock.advance(29)
    token = await _token(x, early)
    clock.advance(1)
    refused = await _token(x, late)
    clock.advance(7_200)
    ended = await x.call("GET", "/2/users/me", token=token.body["access_token"])

    assert (token.status, refused.status, ended.status) == (200, 400, 401)


@pytest.mark.parametrize("basic", [None, ("hashtill", "wrong"), ("another", "s3cret")])
async def test_the_client_must_show_who_it_is(x: XClient, basic: tuple[str, str] | None) -> None:
    code = (await _allow(x))["code"]

    answer = await _token(x, code, basic=basic)

    assert (answer.status, answer.body["error"]) == (401, "unauthorized_client")


async def test_a_refresh_token_rotates(x: XClient) -> None:
    first = (await _token(x, (await _allow(x))["code"])).body["refresh_token"]
    form = {"grant_type": "refresh_token", "refresh_token": first}

    renewed = await x.call("POST", "/2/oauth2/token", form=form, basic=CLIENT)
    again = await x.call("POST", "/2/oauth2/token", form=form, basic=CLIENT)

    assert renewed.body["refresh_token"] != first
    assert (await x.call("GET", "/2/users/me", token=renewed.body["access_token"])).status == 200
    assert again.status == 400


async def test_without_offline_access_there_is_no_refresh_token(x: XClient) -> None:
    code = (await _allow(x, scope="users.read tweet.read"))["code"]

    assert "refresh_token" not in (await _token(x, code)).body


async def test_a_revoked_token_is_worth_nothing(x: XClient) -> None:
    token = (await _token(x, (await _allow(x))["code"])).body["access_token"]

    revoked = await x.call("POST", "/2/oauth2/revoke", form={"token": token}, basic=CLIENT)

    assert revoked.body == {"revoked": True}
    assert (await x.call("GET", "/2/users/me", token=token)).status == 401


async def test_the_app_bearer_is_given_for_the_secret_alone(x: XClient) -> None:
    form = {"grant_type": "client_credentials"}

    given = await x.call("POST", "/oauth2/token", form=form, basic=CLIENT)
    refused = await x.call("POST", "/oauth2/token", form=form, basic=("hashtill", "wrong"))
    other = await x.call("POST", "/oauth2/token", form={"grant_type": "password"}, basic=CLIENT)

    assert given.body["token_type"] == "bearer"
    assert (refused.status, other.status) == (401, 400)
