"""A programme file is read whole, and every mistake in it is told by file, line, column and field."""

from datetime import UTC, datetime

import pytest

from hashtill.offers.v1 import offer_pb2
from hashtill_cli.programme_files.nodes import ITEMS_MAX, TEXT_BYTES_MAX
from hashtill_cli.programme_files.places import Problems
from hashtill_cli.programme_files.programme import read_programme
from hashtill_cli.programmes import filled_programme

NOON = datetime(2013, 2, 13, 17, tzinfo=UTC)
MARCH = datetime(2013, 3, 4, 5, tzinfo=UTC)

OFFER = """\
offers:
  - offer_id: kindle
    merchant_id: acme
    tag: "#BuyKindleFireHD"
    title: Kindle Fire HD
    price: 149.99 USD
    stock: 500
    window:
      starts_at: 2013-02-13T12:00:00-05:00
      ends_at: 2013-03-04T05:00:00Z
      time_zone: America/New_York
    channels: [x]
    ship_to_countries: [US]
    terms_url: https://acme.example/terms
"""


def problems(text: str) -> list[str]:
    with pytest.raises(Problems) as raised:
        read_programme(text, file="p.yaml")
    return [str(problem) for problem in raised.value.found]


def changed(line: str, to: str) -> list[str]:
    assert line in OFFER
    return problems(OFFER.replace(line, to))


def test_an_offer_is_read_with_what_it_does_not_say_filled_in() -> None:
    [offer] = read_programme(OFFER, file="p.yaml").offers

    message = offer.message
    assert (message.tag, message.price.amount_minor, message.stock.total) == ("BuyKindleFireHD", 149_99, 500)
    assert (message.kind, message.fulfilment) == (offer_pb2.OFFER_KIND_PURCHASE, offer_pb2.FULFILMENT_GOODS)
    assert (message.per_member_limit, offer.publish) == (1, False)
    assert message.window.starts_at.ToDatetime(UTC) == NOON


def test_the_programme_of_2013_holds_its_five_offers() -> None:
    text = filled_programme(starts_at=NOON, ends_at=MARCH, campaign="-b7")

    programme = read_programme(text, file="offers-2013.yaml")

    found = {offer.message.tag: offer.message for offer in programme.offers}
    prices = {tag: offer.price.amount_minor for tag, offer in found.items()}
    assert prices == {
        "BuyAmexGiftCard25": 15_00,
        "BuyKindleFireHD": 149_99,
        "BuySonyActionCam": 179_00,
        "BuyUrbanZenBracelet": 80_00,
        "BuyXbox360": 179_00,
    }
    assert found["BuyAmexGiftCard25"].fulfilment == offer_pb2.FULFILMENT_DIGITAL
    assert found["BuyKindleFireHD"].offer_id == "kindle-fire-hd-b7"
    assert all(offer.publish for offer in programme.offers)
    assert {offer.message.merchant_id for offer in programme.offers} == {
        merchant.message.merchant_id for merchant in programme.merchants
    }


@pytest.mark.parametrize(
    ("line", "to", "problem"),
    [
        ("stock: 500", "stock: many", "p.yaml:7:12: offers[0].stock: must be a whole number; it is a text (many)."),
        ("stock: 500", 'stock: "500"', "p.yaml:7:12: offers[0].stock: must be a whole number; it is a text (500)."),
        ("stock: 500", "stock: 5.5", "p.yaml:7:12: offers[0].stock: must be a whole number; it is a number (5.5)."),
        (
            "price: 149.99 USD",
            "price: 149.99",
            (
                "p.yaml:6:12: offers[0].price: must be an amount with its currency such as 149.99 USD;"
                " it is a number (149.99)."
            ),
        ),
        (
            "price: 149.99 USD",
            "price: [149, USD]",
            "p.yaml:6:12: offers[0].price: must be an amount with its currency such as 149.99 USD; it is a list.",
        ),
        (
            "starts_at: 2013-02-13T12:00:00-05:00",
            "starts_at: 2013-02-13 12:00",
            "p.yaml:9:18: offers[0].window.starts_at: has no time zone; write it as 2013-02-13T12:00:00-05:00.",
        ),
        (
            "starts_at: 2013-02-13T12:00:00-05:00",
            "starts_at: noon",
            (
                "p.yaml:9:18: offers[0].window.starts_at: must be a time such as 2013-02-13T12:00:00-05:00;"
                " it is a text (noon)."
            ),
        ),
        (
            "starts_at: 2013-02-13T12:00:00-05:00",
            "starts_at: 0001-01-01T00:00:00+14:00",
            (
                "p.yaml:9:18: offers[0].window.starts_at: must be a time such as 2013-02-13T12:00:00-05:00;"
                " it is a time (0001-01-01T00:00:00+14:00)."
            ),
        ),
        (
            "title: Kindle Fire HD",
            'title: "\\ud83d"',
            (
                "p.yaml:5:12: offers[0].title: holds half of a character (a surrogate escape such as \\ud83d);"
                " write the character itself."
            ),
        ),
        (
            "channels: [x]",
            'channels: [x]\n    tax_rule: {region_basis_points: {"\\ud83d": 8}}',
            (
                "p.yaml:13:38: offers[0].tax_rule.region_basis_points: holds half of a character"
                " (a surrogate escape such as \\ud83d); write the character itself."
            ),
        ),
        (
            "title: Kindle Fire HD",
            "title: 360",
            "p.yaml:5:12: offers[0].title: must be a text; it is a number (360). Put it in quotes.",
        ),
        (
            "ship_to_countries: [US]",
            "ship_to_countries: [US, NO]",
            "p.yaml:13:29: offers[0].ship_to_countries[1]: must be a text; it is a yes/no (NO). Put it in quotes.",
        ),
        (
            "channels: [x]",
            "channels: x",
            "p.yaml:12:15: offers[0].channels: must be a list; it is a text (x).",
        ),
        (
            "channels: [x]",
            "channels: [[x]]",
            "p.yaml:12:16: offers[0].channels[0]: must be a text; it is a list.",
        ),
        ("channels: [x]", "kind: GIFT", "p.yaml:12:11: offers[0].kind: must be one of: PURCHASE."),
        (
            "channels: [x]",
            "channels: [x]\n    publish: yes",
            "p.yaml:13:14: offers[0].publish: must be true or false; it is a yes/no (yes).",
        ),
        (
            "channels: [x]",
            "channels: [x]\n    per_member_limit: -1",
            "p.yaml:13:23: offers[0].per_member_limit: must be 0 to 2147483647.",
        ),
        (
            "channels: [x]",
            "channels: [x]\n    tax_rule: {region_basis_points: {NY: 8.8}}",
            "p.yaml:13:42: offers[0].tax_rule.region_basis_points.NY: must be a whole number; it is a number (8.8).",
        ),
        (
            "stock: 500",
            "stock: 500\n    stock: 400",
            "p.yaml:8:5: offers[0].stock: stands here a second time; keep one.",
        ),
    ],
)
def test_a_mistake_is_told_with_its_place(line: str, to: str, problem: str) -> None:
    assert problem in changed(line, to)


def test_an_unknown_field_is_told_with_those_that_are_known() -> None:
    [problem] = changed("title:", "name: x\n    title:")

    assert problem.startswith("p.yaml:5:5: offers[0].name: is not known here; known are: channels, description,")


def test_what_is_missing_is_told_at_the_offer() -> None:
    assert changed("    stock: 500\n", "") == ["p.yaml:2:5: offers[0]: lacks stock."]


def test_all_mistakes_are_told_at_once_in_the_order_of_the_file() -> None:
    text = OFFER.replace("500", "many").replace("149.99 USD", "149.99").replace("[x]", "x")

    assert [problem.split(": ")[1] for problem in problems(text)] == [
        "offers[0].price",
        "offers[0].stock",
        "offers[0].channels",
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "p.yaml:1:1: The file is empty; it must hold merchants or offers."),
        ("offers: [", "p.yaml:1:10: This is no YAML: expected the node content, but found '<stream end>'."),
        ("a: \x00", "p.yaml:1:1: This is no YAML: unacceptable character #x0000: special characters are not allowed."),
        ("[" * 5_000, "p.yaml:1:1: This is no programme: it is nested too deeply."),
        ("- 1", "p.yaml:1:1: must be a group of fields; it is a list."),
        ("? [a]\n: b", "p.yaml:1:3:  is not known here; known are: merchants, offers."),
        ("a" * (TEXT_BYTES_MAX + 1), "p.yaml:1:1: The file is longer than 1,000,000 characters; split it."),
    ],
)
def test_what_is_no_programme_is_told_in_one_line(text: str, problem: str) -> None:
    assert problems(text)[0].replace(": is not", ":  is not") == problem


def test_a_list_is_bounded() -> None:
    found = problems("merchants:\n" + "  - {}\n" * (ITEMS_MAX + 1))

    assert found[0] == "p.yaml:2:3: merchants: has 1001 items; at most 1000 fit in one file."
