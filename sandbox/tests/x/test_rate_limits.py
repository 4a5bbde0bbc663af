"""Rate limits by tier, told in headers, refused with 429 until the window ends."""

from collections.abc import Awaitable, Callable

from sandbox.x.client import XClient
from sandbox.x.settable_clock import SettableClock
from sandbox.x.settings import Tier

StartX = Callable[..., Awaitable[XClient]]


async def test_self_serve_posts_stop_at_the_limit_and_go_on_after_the_window(
    start_x: StartX, clock: SettableClock
) -> None:
    x = await start_x(tier=Tier.SELF_SERVE, clock=clock)

    answers = [await x.call("POST", "/2/tweets", token="program-token", json={"text": f"post {n}"}) for n in range(101)]
    clock.advance(900)
    later = await x.call("POST", "/2/tweets", token="program-token", json={"text": "later"})

    assert [answer.status for answer in answers] == [201] * 100 + [429]
    assert answers[0].headers["x-rate-limit-limit"] == "100"
    assert answers[0].headers["x-rate-limit-remaining"] == "99"
    assert answers[100].headers["x-rate-limit-remaining"] == "0"
    assert answers[100].headers["x-rate-limit-reset"] == "1900000900"
    assert later.status == 201


async def test_each_user_has_limits_of_their_own(start_x: StartX) -> None:
    x = await start_x(tier=Tier.SELF_SERVE)
    mia, jonas = await x.user_token("mia_k"), await x.user_token("jonas_b")

    for _ in range(75):
        await x.call("GET", "/2/users/me", token=mia)

    assert (await x.call("GET", "/2/users/me", token=mia)).status == 429
    assert (await x.call("GET", "/2/users/me", token=jonas)).status == 200


async def test_strangers_do_not_spend_the_apps_limit(start_x: StartX) -> None:
    x = await start_x(tier=Tier.SELF_SERVE)
    token = await x.app_token("hashtill", "s3cret")

    refused = [await x.call("GET", "/2/connections", token="made up") for _ in range(26)]
    answer = await x.call("GET", "/2/connections", token=token)

    assert {each.status for each in refused} == {401, 429}
    assert answer.headers["x-rate-limit-remaining"] == "24"


async def test_streams_tell_their_limit_too(x: XClient, app_token: str) -> None:
    answer = await x.call("GET", "/2/tweets/search/stream", token=app_token)

    assert int(answer.headers["x-rate-limit-limit"]) >= 50


async def test_enterprise_limits_are_out_of_reach(x: XClient) -> None:
    answer = await x.call("GET", "/2/users/me", token="program-token")

    assert int(answer.headers["x-rate-limit-limit"]) > 1_000_000
