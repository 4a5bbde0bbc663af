"""Client: speaks the card network's API, for tests and demonstrations."""

import uuid
from dataclasses import dataclass
from typing import Any

import aiohttp

from sandbox.cardnet.card_numbers import mint_number

SAMPLE_ADDRESS = {"line1": "1 Main St", "city": "New York", "state": "NY", "postal_code": "10001", "country": "US"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What came back."""

    status: int
    body: Any
    replayed: bool

    @property
    def code(self) -> str:
        """The error's code; only a refusal has one."""
        return str(self.body["error"]["code"])


def card_body(number: str, **changes: object) -> dict[str, object]:
    """Write a good token request for a number, with changes."""
    card = {"number": number, "exp_month": 12, "exp_year": 2030, "cvv": "1234", "address": SAMPLE_ADDRESS}
    return {**card, **changes}


def authorization_body(token: str, **changes: object) -> dict[str, object]:
    """Write a good authorization request for a token, with changes."""
    body = {"token": token, "amount_minor": 10_000, "currency": "USD", "reference": "order-1", "merchant": "Kindle"}
    return {**body, **changes}


class Client:
    """One method a call; an idempotency key is made when none is given."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self.session = session

    async def post(self, path: str, body: object, *, key: str | None = None) -> Reply:
        """Post JSON under a key."""
        headers = {"Idempotency-Key": key or uuid.uuid4().hex}
        async with self.session.post(path, json=body, headers=headers) as response:
            return await _reply(response)

    async def get(self, path: str) -> Reply:
        """Get JSON."""
        async with self.session.get(path) as response:
            return await _reply(response)

    async def token(self, card_range: str = "378282", account: int = 1) -> str:
        """Tokenize the n-th card of a range."""
        reply = await self.post("/v1/tokens", card_body(mint_number(account, card_range=card_range)))
        return str(reply.body["token"])

    async def authorize(self, token: str, *, amount_minor: int = 10_000, key: str | None = None) -> Reply:
        """Hold an amount in USD."""
        return await self.post("/v1/authorizations", authorization_body(token, amount_minor=amount_minor), key=key)

    async def capture(self, authorization: str, amount_minor: int = 10_000, *, key: str | None = None) -> Reply:
        """Take a held amount."""
        path = f"/v1/authorizations/{authorization}/capture"
        return await self.post(path, {"amount_minor": amount_minor}, key=key)

    async def void(self, authorization: str, *, key: str | None = None) -> Reply:
        """Release a hold."""
        return await self.post(f"/v1/authorizations/{authorization}/void", {}, key=key)

    async def refund(self, capture: str, amount_minor: int) -> Reply:
        """Give back."""
        return await self.post(f"/v1/captures/{capture}/refund", {"amount_minor": amount_minor})

    async def operation(self, key: str) -> Reply:
        """Ask what became of a key."""
        return await self.get(f"/v1/operations?idempotency_key={key}")

    async def arm(self, operation: str, kind: str, **more: int) -> Reply:
        """Arm a fault."""
        return await self.post("/sandbox/faults", {"operation": operation, "kind": kind, **more})

    async def balance(self, token: str) -> dict[str, int]:
        """Give an account's USD balance."""
        balances = (await self.get(f"/v1/balances/{token}")).body["balances"]
        return dict(balances.get("USD", {"held_minor": 0, "captured_minor": 0, "refunded_minor": 0}))


async def _reply(response: aiohttp.ClientResponse) -> Reply:
    replayed = response.headers.get("Idempotent-Replayed") == "true"
    return Reply(status=response.status, body=await response.json(), replayed=replayed)
