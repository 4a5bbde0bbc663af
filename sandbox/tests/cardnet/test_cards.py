"""Cards and tokens: the test ranges, the checks at tokenization, and accounts that outlive a reissue."""

import pytest

from sandbox.cardnet.card_numbers import is_valid_number, mint_number
from sandbox.cardnet.card_ranges import RANGES, CardRange
from sandbox.cardnet.client import Client, card_body


@pytest.mark.parametrize("card_range", RANGES, ids=lambda card_range: str(card_range.prefix))
async def test_any_minted_number_of_a_range_gets_the_product_and_country_of_its_range(
    client: Client, card_range: CardRange
) -> None:
    reply = await client.post("/v1/tokens", card_body(mint_number(4_711, card_range=card_range.prefix)))

    assert reply.status == 200
    assert (reply.body["product"], reply.body["country"]) == (card_range.product, card_range.country)


@pytest.mark.parametrize("number", ["378282246310005", "371111111111114", "371449635398431", "378734493671000"])
async def test_the_well_known_test_numbers_work(client: Client, number: str) -> None:
    reply = await client.post("/v1/tokens", card_body(number))

    assert (reply.status, reply.body["last4"], reply.body["brand"]) == (200, number[-4:], "amex")


def test_minted_numbers_are_valid_and_distinct() -> None:
    numbers = {mint_number(account) for account in range(5_000)}

    assert len(numbers) == 5_000
    assert all(is_valid_number(number) for number in numbers)
    with pytest.raises(ValueError, match="account is 0 to"):
        mint_number(10_000_000)


async def test_a_reissued_card_keeps_the_account_reference(client: Client) -> None:
    first = await client.post("/v1/tokens", card_body(mint_number(7)))
    reissued = await client.post("/v1/tokens", card_body(mint_number(7, issue=1)))
    other = await client.post("/v1/tokens", card_body(mint_number(8)))

    assert first.body["account_reference"] == reissued.body["account_reference"]
    assert first.body["account_reference"] != other.body["account_reference"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"number": "378282246310006"}, "invalid_number"),
        ({"number": "3782822463"}, "invalid_number"),
        ({"number": "37828224631000x"}, "invalid_number"),
        ({"number": "٣٧٨٢٨٢٢٤٦٣١٠٠٠٥"}, "invalid_number"),
        ({"number": "4242424242424242"}, "card_not_supported"),
        ({"number": mint_number(1, card_range="340000")}, "card_not_supported"),
        ({"exp_year": 2020}, "expired_card"),
        ({"exp_month": 13}, "invalid_expiry_month"),
        ({"exp_year": 9_999}, "invalid_expiry_year"),
        ({"cvv": "123"}, "incorrect_cvv"),
        ({"cvv": "2222"}, "incorrect_cvv"),
    ],
)
async def test_a_card_that_fails_a_check_is_refused_by_name(
    client: Client, changes: dict[str, object], code: str
) -> None:
    reply = await client.post("/v1/tokens", {**card_body("378282246310005"), **changes})

    assert (reply.status, reply.code, reply.body["error"]["type"]) == (402, code, "card_error")


async def test_the_postal_code_that_never_matches_fails_the_address_check(client: Client) -> None:
    address = {"line1": "1 Main St", "city": "New York", "state": "NY", "postal_code": "00000", "country": "US"}

    reply = await client.post("/v1/tokens", card_body("378282246310005", address=address))

    assert reply.body["address_check"] == "fail"


async def test_an_address_is_required(client: Client) -> None:
    reply = await client.post("/v1/tokens", card_body("378282246310005", address=None))

    assert (reply.status, reply.code, reply.body["error"]["param"]) == (400, "missing_field", "address")
