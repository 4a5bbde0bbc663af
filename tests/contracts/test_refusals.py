from collections.abc import Iterator

import pytest
from tests.contracts.given_reasons import Given, reasons_given, words_written
from tools.reference.protos import Protos, read_protos
from tools.reference.refusals import CODES, COMMON, Told, reasons_told
from tools.stubs import ROOT

from chassis import refusal_status
from hashtill_cli.embedded.servers import SERVICES

COMMON_REASONS = frozenset(told for told, _ in COMMON)

FROM_PEERS = {
    "identity": ("payments", frozenset({"CARD_SESSION_NOT_FOUND", "CARD_SESSION_EMPTY", "CARD_SESSION_EXPIRED"})),
}
"""Reasons that pass through a service as its peer gave them; they must be written in the peer's code."""


def test_every_reason_of_kernel_and_chassis_is_on_the_list_of_common_ones() -> None:
    given = [each for name in ("kernel", "chassis") for each in reasons_given(ROOT / "libs" / name / "src")]

    assert {_told(each) for each in given} == COMMON_REASONS


def test_the_codes_read_in_comments_are_those_refusals_have() -> None:
    assert set(CODES) == {code.name for code in refusal_status.CODES.values()}


@pytest.mark.parametrize("service", SERVICES)
def test_every_reason_a_comment_promises_is_written_in_the_code(service: str) -> None:
    written = words_written(ROOT / "services" / service / "src") | _from_peers(service)

    nowhere = sorted({f"{told.code} / {told.reason}" for told in _promised(service) if told.reason not in written})

    assert not nowhere, f"{service} can never give: {', '.join(nowhere)}. Correct the comment or the code."


@pytest.mark.parametrize("service", SERVICES)
def test_every_reason_the_code_gives_is_promised_with_its_code(service: str) -> None:
    promised = set(_promised(service)) | COMMON_REASONS

    silent = [
        f"{told.code} / {told.reason} ({each.where})"
        for each in reasons_given(ROOT / "services" / service / "src")
        if (told := _told(each)) not in promised
    ]

    assert not silent, f"No comment of {service}'s protos tells of: {'; '.join(silent)}. Say when it is given."


def test_a_reason_is_found_through_a_helper_its_constants_and_what_computes_it() -> None:
    identity = {each.reason for each in reasons_given(ROOT / "services" / "identity" / "src")}
    orders = {each.reason for each in reasons_given(ROOT / "services" / "orders" / "src")}

    assert {"LINK_ENDED", "CARD_PREPAID", "CARD_BRAND_NOT_ACCEPTED", "CODE_REFUSED"} <= identity
    assert {"SHIPMENT_DIFFERS", "TOO_LATE", "ORDER_NOT_FOUND"} <= orders


def test_reasons_are_read_with_their_codes_out_of_a_comment() -> None:
    comment = (
        "Reads. Refused: NOT_FOUND / LINK_GONE, CARD_GONE (fact `id`; HIDDEN); ABORTED never: UNAVAILABLE / TOO_BUSY."
    )

    told = list(reasons_told(comment))

    assert told == [
        Told(code="NOT_FOUND", reason="LINK_GONE"),
        Told(code="NOT_FOUND", reason="CARD_GONE"),
        Told(code="UNAVAILABLE", reason="TOO_BUSY"),
    ]


def _told(given: Given) -> Told:
    assert given.kind is not None, f"{given.where}: write the kind of {given.reason} where the Refusal is made."
    return Told(code=refusal_status.CODES[given.kind].name, reason=given.reason)


def _promised(service: str) -> Iterator[Told]:
    package = "hashtill.social.v1" if service == "gateway" else f"hashtill.{service}.v1"
    for comment in _comments(read_protos(), package):
        yield from (told for told in reasons_told(comment) if told not in COMMON_REASONS)


def _comments(declared: Protos, package: str) -> Iterator[str]:
    for service in (each for each in declared.services if each.package == package):
        yield service.comment
        yield from (rpc.comment for rpc in service.rpcs)
    for record in (each for each in declared.records.values() if each.package == package):
        yield record.comment
        yield from (field.comment for field in record.fields)


def _from_peers(service: str) -> frozenset[str]:
    peer, reasons = FROM_PEERS.get(service, ("", frozenset[str]()))
    missing = reasons - words_written(ROOT / "services" / peer / "src") if peer else reasons
    assert not missing, f"{peer} does not give {sorted(missing)} any more."
    return reasons
