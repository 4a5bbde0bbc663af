"""Applying: the server is asked what stands, told what differs, and every refusal comes back with its place."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from hashtill.common.v1 import money_pb2
from hashtill.offers.v1 import merchant_pb2, offer_pb2, offers_service_pb2_grpc
from hashtill.offers.v1 import offers_service_pb2 as pb
from hashtill_cli.programme_files.asking import asked, fresh_request
from hashtill_cli.programme_files.places import Problem
from hashtill_cli.programme_files.programme import Places, Programme, WantedMerchant, WantedOffer
from kernel.refusals import Refusal

PAGES_MAX = 100
"""Pages of merchants read: 20,000 of them, far above any programme."""

CREATED, UPDATED, UNCHANGED, PUBLISHED = "created", "updated", "unchanged", "published"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What became of one thing: its kind, its id, and what was done."""

    kind: str
    id: str
    done: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """What was done, and what the server refused, each with its place."""

    rows: list[Row] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


async def apply_programme(
    programme: Programme, *, offers: "offers_service_pb2_grpc.OffersServiceAsyncStub", dry_run: bool = False
) -> Applied:
    """Make the server hold what the file says; one refused thing does not stop the others. Raises ServerAwayError."""
    applier = _Applier(offers, dry_run=dry_run)
    known = await applier.known_merchants() if programme.merchants else {}
    for merchant in programme.merchants:
        await applier.merchant(merchant, known.get(merchant.message.merchant_id))
    for offer in programme.offers:
        await applier.offer(offer)
    return applier.applied


class _Applier:
    def __init__(self, offers: "offers_service_pb2_grpc.OffersServiceAsyncStub", *, dry_run: bool) -> None:
        self.applied = Applied()
        self._offers, self._dry_run = offers, dry_run

    async def known_merchants(self) -> Mapping[str, merchant_pb2.Merchant]:
        """Read every merchant there is."""
        found: dict[str, merchant_pb2.Merchant] = {}
        token = ""
        for _ in range(PAGES_MAX):
            request = pb.ListMerchantsRequest(page_size=200, page_token=token)
            page = await asked(self._offers.ListMerchants(request))
            if isinstance(page, Refusal):
                break
            found |= {merchant.merchant_id: merchant for merchant in page.merchants}
            if not (token := page.next_page_token):
                break
        return found

    async def merchant(self, wanted: WantedMerchant, before: merchant_pb2.Merchant | None) -> None:
        """Create or update one merchant."""
        message = wanted.message
        if before is not None and _same_merchant(message, before):
            return self._did("merchant", message.merchant_id, UNCHANGED)
        if not self._dry_run:
            request = pb.UpdateMerchantRequest(context=fresh_request(), merchant=message, allow_missing=True)
            answer = await asked(self._offers.UpdateMerchant(request))
            if isinstance(answer, Refusal):
                return self._refused(answer, wanted.places)
        return self._did("merchant", message.merchant_id, UPDATED if before is not None else CREATED)

    async def offer(self, wanted: WantedOffer) -> None:
        """Create or update one offer, then publish it when the file says so."""
        offer_id = wanted.message.offer_id
        before = await asked(self._offers.GetOffer(pb.GetOfferRequest(offer_id=offer_id)))
        if isinstance(before, Refusal) and before.reason != "OFFER_NOT_FOUND":
            return self._refused(before, wanted.places)
        stands = None if isinstance(before, Refusal) else before.offer
        written = await self._write(wanted.message, stands)
        if isinstance(written, Refusal):
            return self._refused(written, wanted.places)
        published = await self._publish(wanted, stands)
        if isinstance(published, Refusal):
            self._refused(published, wanted.places)
        return self._did("offer", offer_id, written, *([PUBLISHED] if published is True else []))

    async def _write(self, message: offer_pb2.Offer, before: offer_pb2.Offer | None) -> str | Refusal:
        if before is not None and _same_offer(message, before):
            return UNCHANGED
        if self._dry_run:
            return UPDATED if before is not None else CREATED
        if before is None:
            request = pb.CreateOfferRequest(context=fresh_request(), offer=message)
            created = await asked(self._offers.CreateOffer(request))
            return created if isinstance(created, Refusal) else CREATED
        based = offer_pb2.Offer()
        based.CopyFrom(message)
        based.version = before.version
        updated = await asked(self._offers.UpdateOffer(pb.UpdateOfferRequest(context=fresh_request(), offer=based)))
        return updated if isinstance(updated, Refusal) else UPDATED

    async def _publish(self, wanted: WantedOffer, before: offer_pb2.Offer | None) -> bool | Refusal:
        """Publish when asked for and not published yet; tells whether it did."""
        published = {offer_pb2.OFFER_STATE_SCHEDULED, offer_pb2.OFFER_STATE_LIVE}
        if not wanted.publish or (before is not None and before.state in published):
            return False
        if self._dry_run:
            return True
        request = pb.PublishOfferRequest(context=fresh_request(), offer_id=wanted.message.offer_id)
        answer = await asked(self._offers.PublishOffer(request))
        return answer if isinstance(answer, Refusal) else True

    def _did(self, kind: str, name: str, *done: str) -> None:
        self.applied.rows.append(Row(kind=kind, id=name, done=done))

    def _refused(self, refusal: Refusal, places: Places) -> None:
        """Place every field the refusal names; one that names none stands at the thing itself."""
        for path, message in _named(refusal):
            problem = Problem(place=places.of(path), message=f"{message} [{refusal.reason}]")
            self.applied.problems.append(problem)


def _named(refusal: Refusal) -> list[tuple[str, str]]:
    facts = refusal.facts
    first = facts.get("field", "")
    others = [name for name in facts if name.startswith("field_")]
    message = refusal.message.removeprefix(f"{first}: ") if first else refusal.message
    return [(first, message), *((facts[name], facts.get(name.replace("field", "message"), "")) for name in others)]


def _same_merchant(wanted: merchant_pb2.Merchant, stands: merchant_pb2.Merchant) -> bool:
    return (wanted.display_name, wanted.support_email) == (stands.display_name, stands.support_email)


def _same_offer(wanted: offer_pb2.Offer, stands: offer_pb2.Offer) -> bool:
    """Compare what a file can say; unset shipping is free."""
    said, standing = offer_pb2.Offer(), offer_pb2.Offer()
    said.CopyFrom(wanted)
    standing.CopyFrom(stands)
    standing.stock.CopyFrom(offer_pb2.Stock(total=stands.stock.total))
    said.stock.SetInParent()
    said.tax_rule.SetInParent()
    for output_only in ("state", "sold_out", "version", "updated_at"):
        standing.ClearField(output_only)
    if not said.HasField("shipping"):
        said.shipping.CopyFrom(money_pb2.Money(amount_minor=0, currency_code=said.price.currency_code))
    return said == standing
