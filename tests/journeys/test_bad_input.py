"""Bad input over the wire, to the whole running suite: each a refusal or a counted skip, and nothing lost."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random

import grpc
import pytest
from grpc import aio
from tests.journeys.rubbish import BYTES, Call, Rubbish, calls, item_codes_of, texts_of
from tests.journeys.running import RunningSuite
from typer.testing import CliRunner

from chassis.grpc_client import open_channel
from hashtill_cli.main import app
from hashtill_cli.scenarios.outcome import Finding, look
from hashtill_cli.scenarios.stories.by_reply import confirm_by_reply
from hashtill_cli.scenarios.waiting import must
from hashtill_cli.scenarios.world.campaign import open_trial_house
from hashtill_cli.scenarios.world.world import World, open_world

ROUNDS = 60
"""Of every call: some 3,000 requests in a few seconds."""

DRAWS_SEED = 7
CALL_SECONDS_MAX = 20.0
STREAM_SECONDS_MAX = 0.3
TEXT_CHARACTERS = 10_000
TAGS = 50

OURS = frozenset({"INTERNAL", "UNKNOWN", "UNIMPLEMENTED", "DATA_LOSS", "DEADLINE_EXCEEDED", "RESOURCE_EXHAUSTED"})
"""What would be our fault, or an answer too large to be given."""

pytestmark = pytest.mark.timeout(240)

Seen = Counter[tuple[str, str]]


@asynccontextmanager
async def channels_to(suite: RunningSuite) -> AsyncIterator[Mapping[str, aio.Channel]]:
    channels = {name: open_channel(at["grpc"]) for name, at in suite.book.processes.items() if "grpc" in at}
    try:
        yield channels
    finally:
        for channel in channels.values():
            await channel.close(None)


@asynccontextmanager
async def world_of(suite: RunningSuite) -> AsyncIterator[World]:
    async with open_world(suite.book.processes, keyring=suite.keyring) as world:
        await open_trial_house(world.services)
        yield world


async def test_no_rubbish_is_an_error_of_ours_and_a_purchase_goes_on(suite: RunningSuite) -> None:
    known: list[str] = []
    rubbish = Rubbish(Random(DRAWS_SEED), known=known)  # noqa: S311 - the same rubbish each time
    seen: Seen = Counter()
    before = await _wrong_with_a_purchase(suite)

    async with channels_to(suite) as channels:
        for call in calls():
            await _ask(call, call.request_type().SerializeToString(), channels, seen=seen, known=known)
        for _ in range(ROUNDS):
            drawn = [(call, rubbish.request(call).SerializeToString()) for call in calls()]
            await asyncio.gather(*(_ask(call, raw, channels, seen=seen, known=known) for call, raw in drawn))

    assert known
    assert [each for each in seen if each[1] in OURS] == []
    assert before == await _wrong_with_a_purchase(suite) == []


async def test_bytes_that_are_no_message_are_the_callers_fault(suite: RunningSuite) -> None:
    seen: Seen = Counter()

    async with channels_to(suite) as channels:
        for raw in BYTES:
            await asyncio.gather(*(_ask(call, raw, channels, seen=seen, known=[]) for call in calls()))

    assert {code for _, code in seen} <= {"INVALID_ARGUMENT"}


async def test_long_and_crowded_posts_buy_and_two_purchase_tags_are_refused(suite: RunningSuite) -> None:
    async with world_of(suite) as world:
        offer, other = await asyncio.gather(world.offer("Odd Mug"), world.offer("Even Mug"))
        long, crowded, torn = await asyncio.gather(*(world.member(name) for name in ("Ann", "Bo", "Cy")))
        crowd = " ".join(f"#tag{number}" for number in range(TAGS))
        posts = [
            await long.post(f"{'x' * TEXT_CHARACTERS} #{offer.tag}"),
            await crowded.post(f"{crowd} #{offer.tag}"),
            await torn.post(f"#{offer.tag} {crowd} #{other.tag}"),
        ]

        verdicts = [
            await must(lambda post=post: world.services.verdicts(post), bool, what=f"a verdict on {post}")  # type: ignore[misc] # mypy cannot type a default in a lambda
            for post in posts
        ]

    assert verdicts == [["ORDERED"], ["ORDERED"], ["REFUSED TWO_TAGS"]]


@pytest.mark.parametrize(
    ("text", "place"),
    [("offers: [", ":1:"), ("merchants: 7\n", "merchants"), ("a\0b", "programme.yaml"), ("- 1\n", "programme.yaml")],
)
def test_a_broken_programme_is_told_with_its_place(suite: RunningSuite, tmp_path: Path, text: str, place: str) -> None:
    file = tmp_path / "programme.yaml"
    file.write_text(text)

    result = CliRunner().invoke(app, ["offers", "apply", str(file), "--data", str(suite.data)])

    assert result.exit_code == 1
    assert place in result.output
    assert "Traceback" not in result.output


async def _wrong_with_a_purchase(suite: RunningSuite) -> list[Finding]:
    """Buy once; gives what was not as it should be."""
    async with world_of(suite) as world:
        return [finding for finding in await look(await confirm_by_reply(world)) if not finding.holds]


async def _ask(call: Call, raw: bytes, channels: Mapping[str, aio.Channel], *, seen: Seen, known: list[str]) -> None:
    channel, read = channels[call.service], call.response_type.FromString
    try:
        if call.method.server_streaming:
            await _look_into(channel.unary_stream(call.path, None, read)(raw, timeout=CALL_SECONDS_MAX))
            return
        answer = await channel.unary_unary(call.path, None, read)(raw, timeout=CALL_SECONDS_MAX)
    except aio.AioRpcError as error:
        seen[call.path, error.code().name] += 1
        return
    known.extend(texts_of(answer))
    seen.update((call.path, _NAMES[code]) for code in item_codes_of(answer))


async def _look_into(stream: "aio.UnaryStreamCall[bytes, object]") -> None:
    """Read a stream's first word; silence is an answer too."""
    try:
        async with asyncio.timeout(STREAM_SECONDS_MAX):
            await stream.read()
    except TimeoutError:
        return
    finally:
        stream.cancel()


_NAMES = {code.value[0]: code.name for code in grpc.StatusCode}
