"""The notifier's real wires, against a simulated X and a simulated mail server."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from aiohttp import ClientSession

from kernel.ids import PostId
from kernel.secret import Secret
from notifier.outbound.smtp import MailServer, SmtpMailer
from notifier.outbound.x_posts import ProgramAccount, XPosts
from notifier.usecases.ports import Mail, NotMailed, NotPosted, Posted
from sandbox.mail.main import MailSink
from sandbox.mail.main import start as start_mail
from sandbox.mail.settings import Settings as MailSettings
from sandbox.x.client import XClient
from sandbox.x.server import start as start_x
from sandbox.x.settings import Settings as XSettings
from sandbox.x.settings import Tier

MEMBER = "1000000101"


@pytest.fixture
async def session() -> AsyncIterator[ClientSession]:
    async with ClientSession() as session:
        yield session


@pytest.fixture(params=[Tier.ENTERPRISE])
async def x(request: pytest.FixtureRequest, session: ClientSession) -> AsyncIterator[XClient]:
    server = await start_x(XSettings(tier=request.param))
    yield XClient(session, server.url)
    await server.stop()


@pytest.fixture
def posts(x: XClient, session: ClientSession) -> XPosts:
    return XPosts(session, account=ProgramAccount(api_url=x.url, access_token=Secret("sandbox-program-token")))


@pytest.fixture
async def sink() -> AsyncIterator[MailSink]:
    sink = await start_mail(MailSettings(listen="127.0.0.1:0", smtp_listen="127.0.0.1:0"))
    yield sink
    await sink.stop()


@pytest.fixture
async def mailer(sink: MailSink) -> AsyncIterator[SmtpMailer]:
    mailer = SmtpMailer(MailServer(host=sink.smtp_host, port=sink.smtp_port, sender="sync@program.example"))
    yield mailer
    await mailer.close()


async def member_post(x: XClient, text: str) -> PostId:
    return PostId(await x.act("post", MEMBER, text=text))


def mail(number: int) -> Mail:
    content = f"From: a@b.example\r\nTo: c@d.example\r\nMessage-ID: <{number}@b>\r\n\r\nhello\r\n".encode()
    return Mail(to="c@d.example", message_id=f"<{number}@b>", content=content)


async def test_a_reply_is_posted_with_its_own_time(x: XClient, posts: XPosts) -> None:
    asked = await member_post(x, "#BuyIt")
    before = datetime.now(UTC)

    answer = await posts.post("Confirm with #OK2345678B", in_reply_to=asked)

    assert isinstance(answer.outcome, Posted)
    assert abs(answer.outcome.posted_at - before) < timedelta(seconds=5)
    assert answer.quota is not None
    assert answer.quota.remaining < answer.quota.limit


async def test_a_reply_whose_answer_was_lost_is_found(x: XClient, posts: XPosts) -> None:
    asked, since = await member_post(x, "#BuyIt"), datetime.now(UTC) - timedelta(seconds=1)
    await x.fault("lose_answers", count=1, path="/2/tweets")

    lost = await posts.post("Confirm with #OK2345678B", in_reply_to=asked)
    found = await posts.find("Confirm with #OK2345678B", in_reply_to=asked, since=since)
    other = await posts.find("Confirm with #OK2222222B", in_reply_to=asked, since=since)

    assert isinstance(lost.outcome, NotPosted)
    assert lost.outcome.unknown
    assert isinstance(found, Posted)
    assert other == NotPosted(reason="NOT_FOUND")


async def test_a_reply_to_nothing_is_refused_for_good(posts: XPosts) -> None:
    answer = await posts.post("hello", in_reply_to=PostId("1"))

    assert isinstance(answer.outcome, NotPosted)
    assert (answer.outcome.for_good, answer.outcome.reason) == (True, "POST_GONE")


async def test_the_same_text_is_refused_as_a_duplicate(posts: XPosts) -> None:
    await posts.post("hello", in_reply_to=None)

    again = await posts.post("hello", in_reply_to=None)

    assert isinstance(again.outcome, NotPosted)
    assert again.outcome.reason == "DUPLICATE_TEXT"


@pytest.mark.parametrize("x", [Tier.SELF_SERVE], indirect=True)
async def test_on_a_small_tier_only_who_mentions_us_is_replied_to(x: XClient, posts: XPosts) -> None:
    silent, summoning = await member_post(x, "#BuyIt"), await member_post(x, "@AmexSync #BuyIt")

    refused = await posts.post("one", in_reply_to=silent)
    taken = await posts.post("two", in_reply_to=summoning)

    assert isinstance(refused.outcome, NotPosted)
    assert refused.outcome.reason == "NOT_SUMMONED"
    assert isinstance(taken.outcome, Posted)


@pytest.mark.parametrize("x", [Tier.SELF_SERVE], indirect=True)
async def test_a_spent_quota_says_until_when(x: XClient, posts: XPosts) -> None:
    summoning = await member_post(x, "@AmexSync #BuyIt")

    answers = [await posts.post(f"number {number}", in_reply_to=summoning) for number in range(101)]

    last = answers[-1].outcome
    assert isinstance(last, NotPosted)
    assert last.reason == "QUOTA"
    assert last.until is not None
    assert last.until > datetime.now(UTC)


async def test_an_x_that_is_not_there_is_tried_again(session: ClientSession) -> None:
    away = XPosts(session, account=ProgramAccount(api_url="http://127.0.0.1:9", access_token=Secret("t")))

    answer = await away.post("hello", in_reply_to=None)
    found = await away.find("hello", in_reply_to=None, since=datetime.now(UTC))

    assert answer.outcome == NotPosted(reason="NETWORK_UNAVAILABLE")
    assert found == NotPosted(reason="NETWORK_UNAVAILABLE", unknown=True)


async def test_many_mails_go_over_a_few_kept_connections(sink: MailSink, mailer: SmtpMailer, x: XClient) -> None:
    outcomes = [await mailer.send([mail(number + 100 * batch) for number in range(40)]) for batch in range(2)]

    mails = XClient(x._session, sink.url)
    counts = (await mails.call("GET", "/api/counts")).body
    assert all(outcome is None for batch in outcomes for outcome in batch)
    assert counts["accepted"] == 80
    assert len(mailer._idle) <= 8


@pytest.mark.parametrize(("code", "for_good"), [(450, False), (550, True)])
async def test_what_the_mail_server_says_decides(
    sink: MailSink, mailer: SmtpMailer, x: XClient, code: int, *, for_good: bool
) -> None:
    await XClient(x._session, sink.url).call(
        "POST", "/sandbox/faults", json={"kind": "refuse", "code": code, "count": 1}
    )

    (first,) = await mailer.send([mail(1)])
    (second,) = await mailer.send([mail(1)])

    assert first == NotMailed(reason=f"MAIL_REFUSED_{code}", for_good=for_good)
    assert second is None


async def test_a_mail_server_that_is_not_there_is_tried_again() -> None:
    away = SmtpMailer(MailServer(host="127.0.0.1", port=9, sender="a@b.example"))

    assert await away.send([mail(1)]) == [NotMailed(reason="MAIL_SERVER_UNAVAILABLE", for_good=False)]


async def test_an_address_that_smtp_cannot_carry_is_refused_for_good_and_says_nothing(mailer: SmtpMailer) -> None:
    smuggled = Mail(to="a@b.example>\r\nRCPT TO:<c@d.example", message_id="<1@b>", content=b"hello\r\n")

    assert await mailer.send([smuggled]) == [NotMailed(reason="ADDRESS_UNSENDABLE", for_good=True)]
    assert await mailer.send([mail(2)]) == [None]


async def test_dots_at_the_beginning_of_lines_arrive_as_they_were(
    sink: MailSink, mailer: SmtpMailer, x: XClient
) -> None:
    content = b"Subject: dots\r\nMessage-ID: <3@b>\r\n\r\n.\r\n..two\r\nend"

    await mailer.send([Mail(to="c@d.example", message_id="<3@b>", content=content)])

    mails = XClient(x._session, sink.url)
    (kept,) = (await mails.call("GET", "/api/mails")).body["mails"]
    read = (await mails.call("GET", f"/api/mails/{kept['id']}")).body
    assert read["text"].splitlines() == [".", "..two", "end"]


async def test_a_server_is_greeted_and_the_pipelining_it_offers_is_used(mailer: SmtpMailer) -> None:
    assert await mailer.send([mail(7)]) == [None]

    assert mailer._idle[0]._pipelining


async def test_a_server_without_pipelining_is_spoken_to_step_by_step(mailer: SmtpMailer) -> None:
    await mailer.send([mail(4)])
    session = mailer._idle[0]
    session._pipelining = False

    assert await mailer.send([mail(5)]) == [None]
    assert mailer._idle == [session]


async def test_a_mail_server_that_hangs_up_in_the_middle_is_tried_again(
    sink: MailSink, mailer: SmtpMailer, x: XClient
) -> None:
    await XClient(x._session, sink.url).call("POST", "/sandbox/faults", json={"kind": "drop", "count": 1})

    (first,) = await mailer.send([mail(6)])
    (second,) = await mailer.send([mail(6)])

    assert first == NotMailed(reason="MAIL_SERVER_UNAVAILABLE", for_good=False)
    assert second is None
