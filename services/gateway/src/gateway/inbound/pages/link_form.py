"""The form that starts a link: what a cardmember writes, and what is missing in it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from kernel.ids import Network, X
from kernel.refusals import Refusal, RefusalKind

LANGUAGES: Mapping[str, str] = MappingProxyType({"en": "English"})
"""BCP 47 and its own name: the languages the notifier's templates are written in."""

NETWORKS: Mapping[Network, str] = MappingProxyType({X: "X"})
"""The networks a card can be synced with."""

NAME_CHARACTERS_MAX = 100
EMAIL_CHARACTERS_MAX = 254
_SHOWN_AGAIN_MAX = 300
"""What is far too long is not sent back whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkForm:
    """What was written, and what is wrong with it by field."""

    name: str = ""
    email: str = ""
    language: str = "en"
    network: str = X
    agreed: bool = False
    nonce: str = ""
    """Written by the page, so that the same form sent twice starts one link."""
    problems: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


def read_link_form(fields: Mapping[str, str]) -> LinkForm:
    """Read the fields and look for what a browser's own checks would have found."""
    form = LinkForm(
        name=fields.get("name", "").strip(),
        email=fields.get("email", "").strip(),
        language=fields.get("language", "en"),
        network=fields.get("network", X),
        agreed=fields.get("agreed") == "yes",
        nonce=fields.get("nonce", "")[:_SHOWN_AGAIN_MAX],
    )
    return with_problems(form, dict(_problems(form)))


def with_problems(form: LinkForm, problems: Mapping[str, str]) -> LinkForm:
    """Give the form back with what is wrong, cut to a length worth showing."""
    return LinkForm(
        name=form.name[:_SHOWN_AGAIN_MAX],
        email=form.email[:_SHOWN_AGAIN_MAX],
        language=form.language if form.language in LANGUAGES else "en",
        network=form.network if form.network in NETWORKS else X,
        agreed=form.agreed,
        nonce=form.nonce,
        problems=problems,
    )


def problem_of(refusal: Refusal) -> dict[str, str] | None:
    """Read identity's word on a field as a problem of the form; None when it is about something else."""
    field_name = refusal.facts.get("field", "")
    if refusal.kind is not RefusalKind.INVALID or field_name not in {"name", "email", "language"}:
        return None
    words = refusal.message.removeprefix(f"{field_name}: ")
    return {field_name: words[:1].upper() + words[1:]}


def _problems(form: LinkForm) -> list[tuple[str, str]]:
    found = []
    if not 0 < len(form.name) <= NAME_CHARACTERS_MAX:
        found.append(("name", f"Please write your name, at most {NAME_CHARACTERS_MAX} characters."))
    if not 0 < len(form.email) <= EMAIL_CHARACTERS_MAX or "@" not in form.email:
        found.append(("email", "Please write your e-mail address, like name@example.com."))
    if form.language not in LANGUAGES:
        found.append(("language", "Please choose one of the languages."))
    if form.network not in NETWORKS:
        found.append(("network", "Please choose one of the networks."))
    if not form.agreed:
        found.append(("agreed", "Please tick the box: we need your consent to sync your card."))
    return found
