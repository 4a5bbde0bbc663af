"""Linking in a cardmember's words: every "no" of identity and payments as what happened and what to do next."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from gateway.inbound.pages.problems import Notice

CARD_REASONS: Mapping[str, str] = MappingProxyType(
    {
        "CARD_BRAND_NOT_ACCEPTED": "Only American Express cards can be synced.",
        "CARD_PREPAID": "Prepaid cards cannot be synced. Please use a credit or charge card.",
        "CARD_CORPORATE": "Corporate cards cannot be synced. Please use a consumer card.",
        "CARD_GIFT": "Gift cards cannot be synced. Please use a credit or charge card.",
        "CARD_WRONG_COUNTRY": "This card is not issued in the country of the program.",
        "CARD_SESSION_EMPTY": "No card was entered yet.",
        "CARD_SESSION_EXPIRED": "The time to enter a card ran out. Nothing was kept.",
        "CARD_SESSION_NOT_FOUND": "The card page was not finished in this browser.",
    }
)
"""Why a card is not synced; another one may be."""

_START = "/link"

LINK_NOTICES: Mapping[str, Notice] = MappingProxyType(
    {
        "LINK_STATE_UNKNOWN": Notice(
            title="This sync was not started here",
            text="We do not know where it came from, or it was used already. Please start again.",
            link=_START,
            link_text="Start again",
        ),
        "LINK_STATE_EXPIRED": Notice(
            title="That took a little too long",
            text="For your safety a sync must be finished within 10 minutes. Please start again.",
            link=_START,
            link_text="Start again",
        ),
        "SESSION_MISMATCH": Notice(
            title="Please finish in the browser you started in",
            text="A sync belongs to one browser, so that nobody can finish it for you. Nothing was changed.",
            link=_START,
            link_text="Start here instead",
        ),
        "CODE_REFUSED": Notice(
            title="The network did not let us in",
            text="It may have taken too long, or the page was loaded twice. Please start again.",
            link=_START,
            link_text="Start again",
        ),
        "ACCOUNT_PROTECTED": Notice(
            title="Your account is protected",
            text="Only public accounts can take part, because your posts are how you order. "
            "Turn off “Protect your posts” in your account's settings, then sync again.",
            link=_START,
            link_text="Try again",
        ),
        "NETWORK_NOT_SERVED": Notice(
            title="We cannot sync that network yet",
            text="Please choose another one.",
            link=_START,
            link_text="Start again",
        ),
        "LINK_NOT_FOUND": Notice(
            title="There is no such sync",
            text="It may have been started in another browser. You can start a new one.",
            link=_START,
            link_text="Sync a card",
        ),
        "LINK_NOT_WAITING": Notice(
            title="This sync does not wait for a card",
            text="It has a card already, or it is over.",
            link=_START,
            link_text="See your sync",
        ),
    }
)

DENIED = Notice(
    title="Nothing was synced",
    text="You chose not to allow access, and that is fine. Without it we cannot see your posts, so there is nothing to "
    "order by. You can sync whenever you like.",
    link=_START,
    link_text="Sync after all",
)

NETWORK_FAILED = Notice(
    title="The network sent you back without an answer",
    text="Something went wrong on its side. Nothing was changed. Please try again.",
    link=_START,
    link_text="Try again",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a link stands, in two sentences."""

    title: str
    text: str
    tone: str
    wants_card: bool = False
    is_over: bool = False
