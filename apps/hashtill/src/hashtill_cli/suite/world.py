"""The world as the services must be told of it: where it answers, and the keys they share with it or keep."""

from collections.abc import Mapping

from hashtill_cli.embedded.keyring import Keyring, derived_key
from hashtill_cli.suite.outside import PROGRAM_HANDLE, X_CLIENT_ID, Outside, callback_of
from hashtill_cli.suite.services import ServiceAddresses
from payments.outbound.keys import new_fingerprint_key, new_keyset


def pages_url_of(service: str, services: Mapping[str, ServiceAddresses]) -> str:
    """Give the origin of a service's pages."""
    at = services[service].by_purpose()
    return f"http://{at.get('pages', at['grpc'])}"


def world_of(at: Outside, keyring: Keyring, *, services: Mapping[str, ServiceAddresses]) -> dict[str, str]:
    """Give every variable that a service may read beside its database, its addresses and its peers."""
    pages = pages_url_of("gateway", services)
    return _x_of(at, keyring, pages=pages) | {
        "HASHTILL_PROCESSOR_URL": f"http://{at.cardnet}",
        "HASHTILL_PROCESSOR_KEY": keyring.password("cardnet_api_key").reveal(),
        "HASHTILL_SMTP_HOST": at.smtp.rpartition(":")[0],
        "HASHTILL_SMTP_PORT": at.smtp.rpartition(":")[2],
        "HASHTILL_PAGES_URL": pages,
        "HASHTILL_RETURN_ORIGINS": pages,
        "HASHTILL_VAULT_KEYSET": keyring.kept("vault_keyset", new_keyset).reveal(),
        "HASHTILL_FINGERPRINT_KEY": keyring.kept("fingerprint_key", new_fingerprint_key).reveal(),
        "HASHTILL_SEAL_KEY": derived_key(keyring.password("seal_key")),
        "HASHTILL_PAGE_KEY": derived_key(keyring.password("page_key")),
    }


def _x_of(at: Outside, keyring: Keyring, *, pages: str) -> dict[str, str]:
    client_secret = keyring.password("x_client_secret").reveal()
    program_token = keyring.password("x_program_token").reveal()
    return {
        "HASHTILL_X_API_URL": f"http://{at.x}",
        "HASHTILL_X_AUTHORIZE_URL": f"http://{at.x}/i/oauth2/authorize",
        "HASHTILL_X_CLIENT_ID": X_CLIENT_ID,
        "HASHTILL_X_CLIENT_SECRET": client_secret,
        "HASHTILL_X_APP_KEY": X_CLIENT_ID,
        "HASHTILL_X_APP_SECRET": client_secret,
        "HASHTILL_X_ACCESS_TOKEN": program_token,
        "HASHTILL_X_REDIRECT_URI": callback_of(pages),
        "HASHTILL_X_TIER": "enterprise",
        "HASHTILL_PROGRAM_HANDLE": PROGRAM_HANDLE,
    }
