"""Fixtures of the pages' tests: a running site with its peers, and a browser."""

from collections.abc import AsyncIterator

import pytest
from services.gateway.tests.pages.pages_world import PagesWorld, Visitor, pages_world


@pytest.fixture
async def pages() -> AsyncIterator[PagesWorld]:
    async with pages_world(follow_offers=True) as world:
        yield world


@pytest.fixture
async def mia(pages: PagesWorld) -> AsyncIterator[Visitor]:
    async with pages.visitor() as visitor:
        yield visitor


@pytest.fixture
async def mallory(pages: PagesWorld) -> AsyncIterator[Visitor]:
    async with pages.visitor() as visitor:
        yield visitor
