"""The vault's seal and keys, the settings, and the processor of benchmarks."""

import base64
from dataclasses import replace

import pytest
import tink
from services.payments.tests.payments_world import ADDRESS, CARD, ENTRY, NOW, PRICE, asking, vault_card

from chassis.settings import SettingsError, load_settings
from chassis.unnest import fetch_unnest
from kernel.ids import CardToken, ChargeId
from kernel.secret import Secret
from payments.domain.card import TokenizedCard
from payments.domain.charge import charge_id_of
from payments.domain.instruction import Instruction
from payments.domain.operation import OperationKind
from payments.domain.outcome import Declined, Done, Gone, Unknown
from payments.outbound.inprocess_processor import InProcessProcessor
from payments.outbound.keys import (
    NoKms,
    WrongKeyError,
    new_fingerprint_key,
    new_keyset,
    open_keyset,
    read_fingerprint_key,
)
from payments.outbound.postgres import PostgresTransactions
from payments.outbound.processor_words import outcome_of, tokenized_of
from payments.outbound.vault import Vault
from payments.settings import Settings

OTHER_CARD = CardToken("tok_other")


async def vault() -> Vault:
    return Vault(await open_keyset(Secret(new_keyset()), kms=NoKms()))


async def test_what_is_sealed_for_one_card_and_field_opens_as_nothing_else() -> None:
    sealing = await vault()
    token = sealing.seal_token(CARD, Secret("processor-token"))
    billing = sealing.seal_billing(CARD, Secret(ADDRESS))

    assert sealing.open_token(CARD, token) == Secret("processor-token")
    assert sealing.open_billing(CARD, billing) == ADDRESS
    for card, sealed in [(OTHER_CARD, token), (CARD, billing)]:
        with pytest.raises(tink.TinkError):
            sealing.open_token(card, sealed)


async def test_a_swapped_row_does_not_open(postgres: PostgresTransactions) -> None:
    async with postgres.begin() as unit:
        await unit.cards.add(vault_card(CARD))
        await unit.cards.add(vault_card(OTHER_CARD))
        swap = "UPDATE card SET billing_sealed = (SELECT billing_sealed FROM card WHERE card_token = $1) RETURNING 1"
        await fetch_unnest(unit.connection, swap, CARD)

        assert (await unit.cards.addresses([CARD]))[CARD] == ADDRESS
        with pytest.raises(tink.TinkError):
            await unit.cards.addresses([OTHER_CARD])


@pytest.mark.parametrize(
    "keyset", ["not base64!", base64.b64encode(b"{}").decode(), base64.b64encode(b"\xff").decode()]
)
async def test_a_wrong_keyset_stops_the_start_with_its_name(keyset: str) -> None:
    with pytest.raises(WrongKeyError, match="HASHTILL_VAULT_KEYSET"):
        await open_keyset(Secret(keyset), kms=NoKms())


@pytest.mark.parametrize("key", ["not base64!", base64.b64encode(b"short").decode()])
def test_a_wrong_fingerprint_key_stops_the_start_with_its_name(key: str) -> None:
    with pytest.raises(WrongKeyError, match="HASHTILL_FINGERPRINT_KEY"):
        read_fingerprint_key(Secret(key))


def test_a_new_fingerprint_key_is_one() -> None:
    assert len(read_fingerprint_key(Secret(new_fingerprint_key())).reveal()) == 32


def environment(**changes: str) -> dict[str, str]:
    return {
        "HASHTILL_DATABASE_URL": "postgresql://u:p@h/d",
        "HASHTILL_NATS_URL": "nats://h",
        "HASHTILL_VAULT_KEYSET": new_keyset(),
        "HASHTILL_FINGERPRINT_KEY": new_fingerprint_key(),
        "HASHTILL_PROCESSOR_URL": "https://processor.example",
        "HASHTILL_PROCESSOR_KEY": "key",
        "HASHTILL_PAGES_URL": "https://cards.example",
        "HASHTILL_RETURN_ORIGINS": "https://sync.example",
    } | changes


def test_the_wire_in_process_is_for_benchmarks_alone() -> None:
    with pytest.raises(SettingsError, match="HASHTILL_BENCH=1"):
        load_settings(Settings, environment(HASHTILL_PROCESSOR_WIRE="inprocess"))

    bench = load_settings(Settings, environment(HASHTILL_PROCESSOR_WIRE="inprocess", HASHTILL_BENCH="1"))

    assert bench.processor_wire == "inprocess"
    assert "key" not in repr(bench.processor_key)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("HASHTILL_SHOW_TEST_CARD", "3782-8224"),
        ("HASHTILL_PAGES_URL", "https://c.example/path"),
        ("HASHTILL_PROCESSOR_URL", "x"),
        ("HASHTILL_RETURN_ORIGINS", "https://sync.example/path"),
    ],
)
def test_a_wrong_setting_names_itself(variable: str, value: str) -> None:
    with pytest.raises(SettingsError, match=variable):
        load_settings(Settings, environment(**{variable: value}))


def instruction(key: str) -> Instruction:
    return Instruction(
        key=key,
        kind=OperationKind.AUTH,
        charge_id=ChargeId(charge_id_of(asking().key)),
        amount=PRICE,
        source=Secret("t"),
        reference="r",
        merchant="m",
        cause="",
    )


async def test_the_benchmarks_processor_does_everything_once_a_key() -> None:
    processor = InProcessProcessor(answers_max=2)

    first = await processor.send([instruction("a"), instruction("a"), instruction("b")])
    asked = await processor.ask(["a", "c"])
    await processor.send([instruction("c")])
    card = await processor.tokenize(ENTRY, key="k")

    assert first[0] == first[1] == asked[0]
    assert first[0] != first[2]
    assert asked[1] is None
    assert await processor.ask(["a"]) == [None]
    assert isinstance(card, TokenizedCard)
    assert card.facts.last4 == "0005"


@pytest.mark.parametrize(
    ("status", "body", "outcome"),
    [
        (200, {"id": "a", "state": "authorized"}, Done(reference="a")),
        (200, {"id": "a", "state": "declined", "decline_code": "no"}, Declined(code="no")),
        (200, {"state": "authorized"}, Unknown(why="answer_without_id")),
        (400, {"error": {"code": "amount_too_large"}}, Declined(code="amount_too_large")),
        (404, {"error": {"code": "authorization_not_found"}}, Gone(code="authorization_not_found")),
        (409, {"error": {"code": "authorization_expired"}}, Gone(code="authorization_expired")),
        (409, {"error": {"code": "idempotency_key_reused"}}, Unknown(why="idempotency_key_reused")),
        (409, {"error": {"code": "already_captured"}}, Unknown(why="already_captured")),
        (409, {"error": {"code": "another_request_under_way"}}, Unknown(why="another_request_under_way")),
        (404, {}, Unknown(why="http_404")),
        (401, {"error": {"code": "invalid_api_key"}}, Unknown(why="invalid_api_key")),
        (429, {}, Unknown(why="http_429")),
        (500, {"error": {"code": "processing_error"}}, Unknown(why="processing_error")),
        (504, {"error": {"code": "outcome_unknown"}}, Unknown(why="outcome_unknown")),
    ],
)
def test_only_a_sure_no_is_taken_for_one(status: int, body: dict[str, object], outcome: object) -> None:
    assert outcome_of(status, body) == outcome


def test_a_product_from_the_future_is_not_eligible() -> None:
    body = {
        "token": "t",
        "brand": "amex",
        "last4": "0005",
        "product": "crypto",
        "country": "US",
        "account_reference": "A",
    }

    assert tokenized_of(body).facts.product.value == "UNKNOWN"


def test_a_card_shows_neither_token_nor_address() -> None:
    shown = repr(replace(vault_card(CARD), fingerprint=b""))

    assert "processor-token" not in shown
    assert "Main St" not in shown
    assert str(NOW.year) in shown
