"""What may become of a link, a card and a contact."""

from dataclasses import replace
from uuid import UUID

import pytest
from services.identity.tests.identity_world import ANN, ANN_CONTACT, BROWSER, NOW, card

from identity.domain.card import CardProduct, refuse_ineligible
from identity.domain.contact import ContactDetails, refuse_contact
from identity.domain.events import facts_of
from identity.domain.link import EndReason, Link, LinkStatus, authorize, end, freeze, may_attach
from kernel.ids import LinkId, Network
from kernel.refusals import Refusal

LINK = Link(
    link_id=LinkId(UUID(int=1)),
    network=Network("x"),
    browser_session=BROWSER,
    contact=ANN_CONTACT,
    terms_version="1",
    consented_at=NOW,
    updated_at=NOW,
)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"brand": "visa"}, "CARD_BRAND_NOT_ACCEPTED"),
        ({"product": CardProduct.UNKNOWN}, "CARD_BRAND_NOT_ACCEPTED"),
        ({"product": CardProduct.PREPAID}, "CARD_PREPAID"),
        ({"product": CardProduct.CORPORATE}, "CARD_CORPORATE"),
        ({"product": CardProduct.GIFT}, "CARD_GIFT"),
        ({"country": "GB"}, "CARD_WRONG_COUNTRY"),
        ({"billing_country": "GB"}, "CARD_WRONG_COUNTRY"),
    ],
)
def test_a_card_that_is_not_eligible_is_refused_with_its_reason(changes: dict[str, object], reason: str) -> None:
    refusal = refuse_ineligible(card(**changes), programme_country="US")

    assert refusal is not None
    assert refusal.reason == reason


@pytest.mark.parametrize("product", [CardProduct.CONSUMER_CREDIT, CardProduct.CONSUMER_CHARGE])
def test_consumer_credit_and_charge_cards_of_the_country_are_eligible(product: CardProduct) -> None:
    assert refuse_ineligible(card(product=product), programme_country="US") is None


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": "  "}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"name": "Ann\nBcc: all"}, "name"),
        ({"email": "ann"}, "email"),
        ({"email": "ann@example.com\nBcc: eve@example.com"}, "email"),
        ({"email": "a" * 250 + "@example.com"}, "email"),
        ({"email": "zoë@example.com"}, "email"),
        ({"email": "ann@exämple.com"}, "email"),
        ({"email": "a\x00nn@example.com"}, "email"),
        ({"email": "a\x1fnn@example.com"}, "email"),
        ({"language": "english please"}, "language"),
    ],
)
def test_contact_details_that_cannot_be_name_their_field(changes: dict[str, str], field: str) -> None:
    refusal = refuse_contact(replace(ANN_CONTACT, **changes))

    assert refusal is not None
    assert refusal.facts["field"] == field


def test_names_of_any_script_are_taken() -> None:
    contact = ContactDetails(name="Zoë Łukasiewicz", email="zoe+sync@mail.example.org", language="pl-PL")

    assert refuse_contact(contact) is None


def test_a_protected_account_is_not_linked() -> None:
    outcome = authorize(LINK, replace(ANN, protected=True), at=NOW)

    assert isinstance(outcome, Refusal)
    assert outcome.reason == "ACCOUNT_PROTECTED"


def test_only_a_link_that_waits_for_a_card_takes_one() -> None:
    statuses = {status: may_attach(replace(LINK, status=status)) is None for status in LinkStatus}

    assert {status for status, may in statuses.items() if may} == {LinkStatus.PENDING_CARD, LinkStatus.CARD_REFUSED}


def test_what_ended_or_froze_stays_so() -> None:
    ended = end(LINK, reason=EndReason.CARDMEMBER, at=NOW)
    frozen = freeze(replace(LINK, status=LinkStatus.ACTIVE), reason="NOT_ME", at=NOW)

    assert isinstance(frozen, Link)
    assert freeze(frozen, reason="OPERATOR", at=NOW) is frozen
    assert end(ended, reason=EndReason.NETWORK, at=NOW) is ended
    assert isinstance(freeze(ended, reason="NOT_ME", at=NOW), Refusal)


def test_steps_on_the_way_are_nobodys_business() -> None:
    waiting = authorize(LINK, ANN, at=NOW)

    assert isinstance(waiting, Link)
    assert facts_of(LINK, waiting, end(LINK, reason=EndReason.OPERATOR, at=NOW), at=NOW) == []
