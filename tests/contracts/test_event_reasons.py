import re
from collections.abc import Iterator

import pytest
from tests.contracts.given_reasons import words_written
from tools.reference.events import event_records, teller_of
from tools.reference.protos import Record, read_protos
from tools.stubs import ROOT

from notifier.domain.reasons import wording_of

LISTED = re.compile(r"A stable reason: ([A-Z0-9_, ]*[A-Z])")

FROM_PEERS = {"hashtill.orders.v1.PurchaseRefused": ("identity", "offers")}
"""Events that pass a peer's reason on: the card's from identity, the hold's from offers."""


def _listed(record: Record) -> Iterator[str]:
    for field in record.fields:
        for found in LISTED.findall(field.comment):
            yield from found.split(", ")


LISTING = [record for record in event_records(read_protos()) if any(_listed(record))]


@pytest.mark.parametrize("record", LISTING, ids=lambda record: record.full_name)
def test_every_reason_an_event_lists_is_written_where_it_comes_from(record: Record) -> None:
    homes = (teller_of(record), *FROM_PEERS.get(record.full_name, ()))
    written = frozenset[str]().union(*(words_written(ROOT / "services" / home / "src") for home in homes))

    assert set(_listed(record)) - written == set()


def test_events_that_list_their_reasons_are_found() -> None:
    assert {record.name for record in LISTING} == {"PurchaseRefused", "ReplyFailed"}


def test_a_refused_cardmember_reads_words_of_their_own_for_every_reason() -> None:
    refused = next(record for record in LISTING if record.name == "PurchaseRefused")

    wordless = [reason for reason in _listed(refused) if wording_of(reason) == wording_of("NOBODY_KNOWS_WHY")]

    assert not wordless
