"""The outside world on this machine: the sandbox's processes, and what the services must be told to meet them."""

from base64 import urlsafe_b64encode
from hashlib import sha256

from hashtill_cli.embedded.keyring import Keyring
from hashtill_cli.embedded.ports import LOOPBACK, free_ports
from hashtill_cli.suite.services import ServiceAddresses
from hashtill_cli.supervisor.spec import ProcessSpec, Ready

PROGRAM_HANDLE = "AmexSync"

X_CLIENT_ID = "hashtill"


def sandbox_specs(keyring: Keyring, *, callback: str) -> list[ProcessSpec]:
    """Describe the simulated X, card network and mail sink; `callback` is the pages' OAuth address."""
    x, cardnet, mail, smtp = (f"{LOOPBACK}:{port}" for port in free_ports(4))
    x_environ = {
        "SANDBOX_X_LISTEN": x,
        "SANDBOX_X_CLIENT_ID": X_CLIENT_ID,
        "SANDBOX_X_CLIENT_SECRET": keyring.password("x_client_secret").reveal(),
        "SANDBOX_X_PROGRAM_ACCESS_TOKEN": keyring.password("x_program_token").reveal(),
        "SANDBOX_X_PROGRAM_HANDLE": PROGRAM_HANDLE,
        "SANDBOX_X_REDIRECT_URIS": f'["{callback}"]',
    }
    cardnet_environ = {
        "SANDBOX_CARDNET_LISTEN": cardnet,
        "SANDBOX_CARDNET_API_KEY": keyring.password("cardnet_api_key").reveal(),
    }
    mail_environ = {"SANDBOX_MAIL_LISTEN": mail, "SANDBOX_MAIL_SMTP_LISTEN": smtp}
    return [
        _spec("x", x_environ, {"http": x}, preload="sandbox.x.server"),
        _spec("cardnet", cardnet_environ, {"http": cardnet}, preload="sandbox.cardnet.main"),
        _spec("mail", mail_environ, {"http": mail, "smtp": smtp}, preload="sandbox.mail.main"),
    ]


def world_of(sandbox: list[ProcessSpec], keyring: Keyring, *, callback: str) -> dict[str, str]:
    """Tell the services where their outside world is, and the keys they share with it or keep for themselves."""
    at = {spec.name: spec.addresses for spec in sandbox}
    x = f"http://{at['sandbox-x']['http']}"
    return {
        "HASHTILL_X_API_URL": x,
        "HASHTILL_X_AUTHORIZE_URL": f"{x}/i/oauth2/authorize",
        "HASHTILL_X_CLIENT_ID": X_CLIENT_ID,
        "HASHTILL_X_CLIENT_SECRET": keyring.password("x_client_secret").reveal(),
        "HASHTILL_X_APP_KEY": X_CLIENT_ID,
        "HASHTILL_X_APP_SECRET": keyring.password("x_client_secret").reveal(),
        "HASHTILL_X_PROGRAM_ACCESS_TOKEN": keyring.password("x_program_token").reveal(),
        "HASHTILL_X_REDIRECT_URI": callback,
        "HASHTILL_X_TIER": "enterprise",
        "HASHTILL_PROGRAM_HANDLE": PROGRAM_HANDLE,
        "HASHTILL_CARDNET_URL": f"http://{at['sandbox-cardnet']['http']}",
        "HASHTILL_CARDNET_API_KEY": keyring.password("cardnet_api_key").reveal(),
        "HASHTILL_SMTP_TARGET": at["sandbox-mail"]["smtp"],
        "HASHTILL_SEAL_KEY": _key(keyring, "seal_key"),
        "HASHTILL_PAGE_KEY": _key(keyring, "page_key"),
    }


def callback_of(addresses: dict[str, ServiceAddresses]) -> str:
    """Give the address of the pages' OAuth callback, as it is registered at X."""
    at = addresses["gateway"].by_purpose()
    return f"http://{at.get('pages', at['grpc'])}/link/callback"


def _key(keyring: Keyring, name: str) -> str:
    """Derive 32 bytes from a kept password, as URL-safe base64."""
    return urlsafe_b64encode(sha256(keyring.password(name).reveal().encode()).digest()).decode()


def _spec(name: str, environ: dict[str, str], addresses: dict[str, str], *, preload: str) -> ProcessSpec:
    return ProcessSpec(
        name=f"sandbox-{name}",
        module=f"sandbox.{name}",
        preload=(preload,),
        environ=environ,
        ready=Ready.LISTENING,
        ready_port=int(addresses["http"].rpartition(":")[2]),
        addresses=addresses,
    )
