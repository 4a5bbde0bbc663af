"""A signed address opens its one page, until its time, and no other."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.ids import OrderId
from kernel.page_addresses import PageGrant, PagePurpose, read_page, sign_page
from kernel.secret import Secret

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
KEY = Secret(b"k" * 32)
GRANT = PageGrant(order_id=OrderId(UUID(int=5)), purpose=PagePurpose.CONFIRM, ends_at=NOW + timedelta(minutes=15))


@pytest.mark.parametrize("purpose", list(PagePurpose))
def test_a_grant_reads_back_until_it_ends(purpose: PagePurpose) -> None:
    grant = PageGrant(order_id=GRANT.order_id, purpose=purpose, ends_at=GRANT.ends_at)
    token = sign_page(grant, key=KEY)

    assert read_page(token, key=KEY, at=NOW) == grant
    assert read_page(token, key=KEY, at=grant.ends_at) is None


def test_another_key_opens_nothing() -> None:
    assert read_page(sign_page(GRANT, key=Secret(b"x" * 32)), key=KEY, at=NOW) is None


@given(st.integers(min_value=0, max_value=48), st.sampled_from("ABab01-_"))
def test_a_changed_address_opens_nothing_else(place: int, character: str) -> None:
    token = sign_page(GRANT, key=KEY)
    changed = token[:place] + character + token[place + 1 :]

    assert read_page(changed, key=KEY, at=NOW) in ({GRANT, None} if changed == token else {None})


@given(st.text(max_size=80))
def test_rubbish_opens_nothing(token: str) -> None:
    assert read_page(token, key=KEY, at=NOW) is None
