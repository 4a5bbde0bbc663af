"""A programme: the merchants and offers of one file as the messages that apply them, each with its places."""

from dataclasses import dataclass, field

import yaml

from hashtill.common.v1 import money_pb2
from hashtill.offers.v1 import merchant_pb2, offer_pb2
from hashtill_cli.programme_files.nodes import Nodes
from hashtill_cli.programme_files.places import Place, Problems
from kernel.money import Money

_KINDS = {"PURCHASE": offer_pb2.OFFER_KIND_PURCHASE}
_FULFILMENTS = {"GOODS": offer_pb2.FULFILMENT_GOODS, "DIGITAL": offer_pb2.FULFILMENT_DIGITAL}

_PROGRAMME = frozenset({"merchants", "offers"})
_MERCHANT = frozenset({"merchant_id", "display_name", "support_email"})
_OFFER_TEXTS = frozenset({"offer_id", "merchant_id", "title", "description", "terms_url"})
_OFFER_AMOUNTS = frozenset({"price", "shipping"})
_OFFER_LISTS = frozenset({"channels", "ship_to_countries"})
_OFFER_OTHERS = frozenset({"tag", "kind", "fulfilment", "stock", "per_member_limit", "window", "tax_rule", "publish"})
_OFFER = _OFFER_TEXTS | _OFFER_AMOUNTS | _OFFER_LISTS | _OFFER_OTHERS
_WINDOW = frozenset({"starts_at", "ends_at", "time_zone"})
_TAX = frozenset({"default_basis_points", "region_basis_points"})
_MAY_LACK = frozenset({"description", "shipping", "kind", "fulfilment", "per_member_limit", "tax_rule", "publish"})
_MUST = _OFFER - _MAY_LACK


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where a thing's fields stand, by the path the server names them with."""

    whole: Place
    fields: dict[str, Place] = field(default_factory=dict)

    def of(self, server_path: str) -> Place:
        """Find the place of a field the server names, or of the nearest field above it that the file has."""
        path = server_path
        while path and path not in self.fields:
            path = path[: max(path.rfind("."), path.rfind("["), 0)]
        return self.fields.get(path, self.whole)


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedMerchant:
    """A merchant as the file has it."""

    message: merchant_pb2.Merchant
    places: Places


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedOffer:
    """An offer as the file has it; `publish` asks that it be published."""

    message: offer_pb2.Offer
    publish: bool
    places: Places


@dataclass(frozen=True, slots=True, kw_only=True)
class Programme:
    """Everything one file asks for."""

    merchants: list[WantedMerchant]
    offers: list[WantedOffer]


def read_programme(text: str, *, file: str) -> Programme:
    """Read a programme file; raises Problems with every mistake that can be seen without the server."""
    nodes = Nodes(file)
    root = nodes.compose(text)
    found = nodes.fields(root, "", known=_PROGRAMME) if root is not None else {}
    merchants = nodes.items(found["merchants"], "merchants") if "merchants" in found else ()
    offers = nodes.items(found["offers"], "offers") if "offers" in found else ()
    programme = Programme(
        merchants=[_merchant(nodes, node, path) for node, path in merchants],
        offers=[_OfferReader(nodes, node, path).read() for node, path in offers],
    )
    if nodes.problems:
        raise Problems(nodes.problems)
    return programme


def _merchant(nodes: Nodes, node: yaml.Node, path: str) -> WantedMerchant:
    found = nodes.fields(node, path, known=_MERCHANT)
    _require(nodes, node, path, missing=_MERCHANT - found.keys())
    texts = {name: nodes.text(value, f"{path}.{name}") for name, value in found.items()}
    places = {f"merchant.{name}": nodes.place(value, f"{path}.{name}") for name, value in found.items()}
    message = merchant_pb2.Merchant()
    for name, value in texts.items():
        setattr(message, name, value)
    return WantedMerchant(message=message, places=Places(whole=nodes.place(node, path), fields=places))


def _require(nodes: Nodes, node: yaml.Node, path: str, *, missing: frozenset[str]) -> None:
    if missing and isinstance(node, yaml.MappingNode):
        nodes.note(node, path, f"lacks {', '.join(sorted(missing))}.")


class _OfferReader:
    """Reads one offer field by field into a message, and keeps where each stands."""

    def __init__(self, nodes: Nodes, node: yaml.Node, path: str) -> None:
        self._nodes, self._node, self._path = nodes, node, path
        self._found = nodes.fields(node, path, known=_OFFER)
        self._places = {f"offer.{name}": nodes.place(value, f"{path}.{name}") for name, value in self._found.items()}
        self._offer = offer_pb2.Offer(
            kind=offer_pb2.OFFER_KIND_PURCHASE, fulfilment=offer_pb2.FULFILMENT_GOODS, per_member_limit=1
        )

    def read(self) -> WantedOffer:
        """Read the whole offer: a purchase of goods, shipped free, one for each member, unless it says else."""
        _require(self._nodes, self._node, self._path, missing=_MUST - self._found.keys())
        for name in self._found.keys() & _OFFER_TEXTS:
            setattr(self._offer, name, self._nodes.text(*self._at(name)))
        for name in self._found.keys() & _OFFER_AMOUNTS:
            getattr(self._offer, name).CopyFrom(_money(self._nodes.money(*self._at(name))))
        for name in self._found.keys() & _OFFER_LISTS:
            getattr(self._offer, name).extend(self._texts(name))
        self._read_choices()
        self._read_numbers()
        self._read_window()
        self._read_tax()
        publish = "publish" in self._found and self._nodes.truth(*self._at("publish"))
        places = Places(whole=self._nodes.place(self._node, self._path), fields=self._places)
        return WantedOffer(message=self._offer, publish=publish, places=places)

    def _read_choices(self) -> None:
        if "tag" in self._found:
            self._offer.tag = self._nodes.text(*self._at("tag")).removeprefix("#")
        for name, choices in (("kind", _KINDS), ("fulfilment", _FULFILMENTS)):
            if name in self._found:
                word = self._nodes.text(*self._at(name))
                if word not in choices:
                    self._nodes.note(*self._at(name), f"must be one of: {', '.join(choices)}.")
                setattr(self._offer, name, choices.get(word, 0))

    def _read_numbers(self) -> None:
        if "stock" in self._found:
            self._offer.stock.total = self._nodes.integer(*self._at("stock"))
            self._places["offer.stock.total"] = self._places["offer.stock"]
        if "per_member_limit" in self._found:
            self._offer.per_member_limit = self._bounded(*self._at("per_member_limit"))

    def _read_window(self) -> None:
        for name, (node, path) in self._below("window", known=_WINDOW, must=_WINDOW).items():
            if name == "time_zone":
                self._offer.window.time_zone = self._nodes.text(node, path)
            elif (moment := self._nodes.time(node, path)) is not None:
                getattr(self._offer.window, name).FromDatetime(moment)

    def _read_tax(self) -> None:
        below = self._below("tax_rule", known=_TAX)
        if "default_basis_points" in below:
            self._offer.tax_rule.default_basis_points = self._bounded(*below["default_basis_points"])
        if "region_basis_points" in below:
            node, path = below["region_basis_points"]
            for region, rate in self._nodes.fields(node, path, known=None).items():
                server_path = f'offer.tax_rule.region_basis_points["{region}"]'
                self._places[server_path] = self._nodes.place(rate, f"{path}.{region}")
                self._offer.tax_rule.region_basis_points[region] = self._bounded(rate, f"{path}.{region}")

    def _below(
        self, name: str, *, known: frozenset[str], must: frozenset[str] = frozenset()
    ) -> dict[str, tuple[yaml.Node, str]]:
        """Take a group of fields inside the offer, each with its path, and keep where each stands."""
        if name not in self._found:
            return {}
        node, path = self._at(name)
        found = self._nodes.fields(node, path, known=known)
        _require(self._nodes, node, path, missing=must - found.keys())
        for below, value in found.items():
            self._places[f"offer.{name}.{below}"] = self._nodes.place(value, f"{path}.{below}")
        return {below: (value, f"{path}.{below}") for below, value in found.items()}

    def _texts(self, name: str) -> list[str]:
        texts = []
        for index, (node, path) in enumerate(self._nodes.items(*self._at(name))):
            self._places[f"offer.{name}[{index}]"] = self._nodes.place(node, path)
            texts.append(self._nodes.text(node, path))
        return texts

    def _bounded(self, node: yaml.Node, path: str) -> int:
        """Take a number that fits the wire; the server knows the real bounds."""
        number = self._nodes.integer(node, path)
        if not 0 <= number <= _WIRE_MAX:
            self._nodes.note(node, path, f"must be 0 to {_WIRE_MAX}.")
            return 0
        return number

    def _at(self, name: str) -> tuple[yaml.Node, str]:
        return self._found[name], f"{self._path}.{name}"


_WIRE_MAX = 2**31 - 1


def _money(money: Money | None) -> money_pb2.Money:
    if money is None:
        return money_pb2.Money()
    return money_pb2.Money(amount_minor=money.amount_minor, currency_code=money.currency_code)
