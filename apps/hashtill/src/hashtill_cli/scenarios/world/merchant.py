"""The merchants, from outside: the parcels they packed, and goods that come back."""

import aiohttp

CALL_SECONDS_MAX = 10.0

HTTP_REFUSED = 400


class MerchantRefusedError(Exception):
    """The merchant could not do it; the sentence says why."""


class Merchants:
    """All merchants of the programme."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session, self.url = session, url

    async def take_back(self, *, order_id: str, merchant_id: str, amount_minor: int, currency_code: str) -> None:
        """Send goods back: the merchant asks for the money's return."""
        body = {
            "order_id": order_id,
            "merchant_id": merchant_id,
            "amount_minor": amount_minor,
            "currency_code": currency_code,
        }
        timeout = aiohttp.ClientTimeout(total=CALL_SECONDS_MAX)
        async with self._session.post(f"{self.url}/sandbox/returns", json=body, timeout=timeout) as response:
            if response.status >= HTTP_REFUSED:
                raise MerchantRefusedError((await response.json())["error"])
