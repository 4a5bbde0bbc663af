"""The outside world on this machine: the sandbox's processes, each with its own variables."""

from collections.abc import Mapping
from dataclasses import dataclass

from hashtill_cli.embedded.keyring import Keyring
from hashtill_cli.embedded.ports import LOOPBACK, free_ports
from hashtill_cli.suite.services import ServiceAddresses
from hashtill_cli.supervisor.spec import ProcessSpec, Ready

PROGRAM_HANDLE = "AmexSync"

X_CLIENT_ID = "hashtill"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """Where the outside world answers: host:port of each."""

    x: str
    cardnet: str
    mail: str
    smtp: str
    merchant: str


def choose_outside() -> Outside:
    """Give each a free port."""
    x, cardnet, mail, smtp, merchant = (f"{LOOPBACK}:{port}" for port in free_ports(5))
    return Outside(x=x, cardnet=cardnet, mail=mail, smtp=smtp, merchant=merchant)


def sandbox_specs(
    at: Outside,
    keyring: Keyring,
    *,
    callback: str,
    services: Mapping[str, ServiceAddresses],
    given: Mapping[str, str],
) -> list[ProcessSpec]:
    """Describe the four processes; `callback` is the pages' OAuth address, `given` variables (SANDBOX_…) win."""
    x = {
        "SANDBOX_X_LISTEN": at.x,
        "SANDBOX_X_CLIENT_ID": X_CLIENT_ID,
        "SANDBOX_X_CLIENT_SECRET": keyring.password("x_client_secret").reveal(),
        "SANDBOX_X_PROGRAM_ACCESS_TOKEN": keyring.password("x_program_token").reveal(),
        "SANDBOX_X_PROGRAM_HANDLE": PROGRAM_HANDLE,
        "SANDBOX_X_REDIRECT_URIS": f'["{callback}"]',
    }
    cardnet = {
        "SANDBOX_CARDNET_LISTEN": at.cardnet,
        "SANDBOX_CARDNET_API_KEY": keyring.password("cardnet_api_key").reveal(),
    }
    mail = {"SANDBOX_MAIL_LISTEN": at.mail, "SANDBOX_MAIL_SMTP_LISTEN": at.smtp}
    merchant = {
        "SANDBOX_MERCHANT_LISTEN": at.merchant,
        "SANDBOX_MERCHANT_ORDERS_TARGET": services["orders"].grpc,
        "SANDBOX_MERCHANT_OFFERS_TARGET": services["offers"].grpc,
    }
    return [
        _spec("x", x, given, {"http": at.x}, preload="sandbox.x.server"),
        _spec("cardnet", cardnet, given, {"http": at.cardnet}, preload="sandbox.cardnet.main"),
        _spec("mail", mail, given, {"http": at.mail, "smtp": at.smtp}, preload="sandbox.mail.main"),
        _spec("merchant", merchant, given, {"http": at.merchant}, preload="sandbox.merchant.main"),
    ]


def callback_of(pages_url: str) -> str:
    """Give the address of the pages' OAuth callback, as it is registered at X."""
    return f"{pages_url}/link/callback"


def _spec(
    name: str, environ: dict[str, str], given: Mapping[str, str], addresses: dict[str, str], *, preload: str
) -> ProcessSpec:
    own = {key: value for key, value in given.items() if key.startswith(f"SANDBOX_{name.upper()}_")}
    return ProcessSpec(
        name=f"sandbox-{name}",
        module=f"sandbox.{name}",
        preload=(preload,),
        environ=environ | own,
        ready=Ready.LISTENING,
        ready_port=int(addresses["http"].rpartition(":")[2]),
        addresses=addresses,
    )
