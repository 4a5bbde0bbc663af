"""Settings: one frozen record a service, read once from HASHTILL_* variables; what is wrong or missing names itself."""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, GetPydanticSchema, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails, core_schema
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from kernel.secret import Secret

PREFIX = "HASHTILL_"

PORT_MAX = 65_535


def _secret(value: object) -> Secret[str]:
    if isinstance(value, Secret):
        return value
    if not isinstance(value, str) or not value:
        raise ValueError("it must not be empty")
    return Secret(value)


SecretText = Annotated[
    Secret[str],
    GetPydanticSchema(lambda _source, _handler: core_schema.no_info_plain_validator_function(_secret)),
]
"""A text that no repr shows; `.reveal()` gives it where it is needed."""


def _address_of(*schemes: str) -> AfterValidator:
    """Refuse what is no address of these schemes; the words never repeat it, for it may hold a password."""

    def check(value: Secret[str]) -> Secret[str]:
        if not _is_address(value.reveal(), schemes):
            raise ValueError(f"it must be an address such as {schemes[0]}://host:port")
        return value

    return AfterValidator(check)


def _is_address(text: str, schemes: Sequence[str]) -> bool:
    """Whether a scheme, a host (or, for a socket, a query that names it) and a port, if any, can be read."""
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return False
    return parts.scheme in schemes and bool(parts.hostname or parts.query) and port != 0


DatabaseAddress = Annotated[SecretText, _address_of("postgresql", "postgres")]
"""Where a PostgreSQL database is, with role and password."""

NatsAddress = Annotated[SecretText, _address_of("nats", "tls")]
"""Where NATS is, perhaps with user and password."""


def _host_port(value: str) -> str:
    host, colon, port = value.removeprefix("dns:///").rpartition(":")
    if not (host and colon and port.isascii() and port.isdigit() and int(port) <= PORT_MAX):
        raise ValueError("it must be host:port, with a port from 0 to 65535")
    return value


ListenAddress = Annotated[str, AfterValidator(_host_port)]
"""host:port to listen on; port 0 picks a free one."""

Target = Annotated[str, AfterValidator(_host_port)]
"""Where a peer answers gRPC: host:port, or dns:///name:port to spread calls over every address of the name."""

S = TypeVar("S", bound="ServiceSettings")


class ServiceSettings(BaseSettings):
    """What every service needs; a service's own Settings adds its fields, each with a description and an example."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid", hide_input_in_errors=True)

    database_url: DatabaseAddress = Field(
        description="The service's own PostgreSQL database and role.",
        examples=["postgresql://hashtill_orders:secret@127.0.0.1:5432/hashtill_orders"],
    )
    nats_url: NatsAddress = Field(description="NATS with JetStream.", examples=["nats://127.0.0.1:4222"])
    stream_replicas: int = Field(
        default=1, ge=1, le=5, description="NATS servers that hold each stream; 3 in production.", examples=["3"]
    )
    listen: ListenAddress = Field(
        default="127.0.0.1:0", description="Where gRPC is answered; port 0 picks one.", examples=["0.0.0.0:7001"]
    )
    health_listen: ListenAddress = Field(
        default="127.0.0.1:0",
        description="Where health is answered in plain text, for probes; port 0 picks one.",
        examples=["0.0.0.0:7901"],
    )
    otlp_endpoint: str | None = Field(
        default=None,
        description="An OpenTelemetry collector (OTLP over gRPC); without it spans are not recorded.",
        examples=["http://127.0.0.1:4317"],
    )
    failpoints: Path | None = Field(
        default=None,
        description="A folder whose files make this process fail at named places; for fault tests alone.",
        examples=["failpoints"],
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="INFO", description="The lowest level that is logged.", examples=["INFO"]
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - pydantic-settings calls it with these four
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - as above
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - as above
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - as above
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take values from arguments only: `load_settings` alone reads the environment, once."""
        return (init_settings,)


class SettingsError(Exception):
    """The process cannot start; `problems` holds one sentence for each variable that is wrong or missing."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingRow:
    """One variable, for the tables in the docs and the chart's check; `default` is None when it must be given."""

    variable: str
    type_name: str
    default: str | None
    description: str
    example: str
    secret: bool


def load_settings(settings_type: type[S], environ: Mapping[str, str] = os.environ) -> S:
    """Read a service's settings from the environment; raises SettingsError with every problem at once."""
    source = EnvSettingsSource(settings_type)
    source.env_vars = {name.lower(): value for name, value in environ.items()}
    try:
        return settings_type(**source())
    except ValidationError as error:
        raise SettingsError(tuple(_sentence(settings_type, each) for each in error.errors())) from None
    except ValueError as error:
        raise SettingsError((f"A {PREFIX}* variable cannot be read: {error}",)) from None


def describe_settings(settings_type: type[ServiceSettings]) -> Iterator[SettingRow]:
    """Give one row for each variable a service reads, in the order of its class."""
    for name, field in settings_type.model_fields.items():
        yield SettingRow(
            variable=_variable(name),
            type_name=_type_name(field.annotation),
            default=None if field.is_required() else str(field.get_default(call_default_factory=True)),
            description=field.description or "",
            example=_example(field),
            secret=_holds_secret(field.annotation),
        )


def _variable(name: str) -> str:
    return PREFIX + name.upper()


def _example(field: FieldInfo) -> str:
    return str(field.examples[0]) if field.examples else ""


def _holds_secret(annotation: Any) -> bool:
    """Tell a secret from its type, an optional one too."""
    return get_origin(annotation) is Secret or any(_holds_secret(each) for each in get_args(annotation))


def _type_name(annotation: Any) -> str:
    """Write a type as the tables show it, without what `Annotated` adds (which may print a memory address)."""
    if get_origin(annotation) in {Union, UnionType}:
        return " | ".join(_type_name(each) for each in get_args(annotation))
    if get_origin(annotation) is Annotated:
        return _type_name(get_args(annotation)[0])
    if annotation is type(None):
        return "None"
    return annotation.__name__ if isinstance(annotation, type) else str(annotation).replace("typing.", "")


def _sentence(settings_type: type[ServiceSettings], error: ErrorDetails) -> str:
    name = str(error["loc"][0]) if error["loc"] else ""
    field = settings_type.model_fields.get(name)
    example = f" Example: {_variable(name)}={_example(field)}" if field and _example(field) else ""
    if error["type"] == "missing":
        return f"{_variable(name)} is not set. {field.description if field else ''}{example}"
    return f"{_variable(name)} is wrong: {_why(error)}.{example}"


def _why(error: ErrorDetails) -> str:
    """Turn the library's words into the end of our sentence; the value itself is left out, it may be a secret."""
    words = error["msg"].removeprefix("Value error, ")
    return words[:1].lower() + words[1:]
