"""What payments needs from its environment."""

from typing import Literal

from pydantic import Field, ValidationInfo, field_validator

from chassis.settings import ListenAddress, SecretText, ServiceSettings


class Settings(ServiceSettings):
    """Payments' own settings."""

    vault_keyset: SecretText = Field(
        description="Seals cards at rest: a Tink AEAD keyset (JSON) as base64.",
        examples=["the output of: python -m payments.outbound.keys"],
    )
    fingerprint_key: SecretText = Field(
        description="Tells equal card numbers apart without keeping any: 32 random bytes as base64. Never rotate it.",
        examples=["the output of: python -m payments.outbound.keys"],
    )
    processor_url: str = Field(
        pattern="^https?://", description="The processor's API.", examples=["https://api.processor.example"]
    )
    processor_key: SecretText = Field(description="Our key at the processor.", examples=["the key it gave us"])
    bench: bool = Field(
        default=False, description="This is a benchmark; without it no wire is answered in process.", examples=["1"]
    )
    processor_wire: Literal["http", "inprocess"] = Field(
        default="http",
        description="How the processor is reached; inprocess authorises everything in memory, for benchmarks alone.",
        examples=["http"],
    )
    pages_listen: ListenAddress = Field(
        default="127.0.0.1:0",
        description="Where the card page is answered; port 0 picks one.",
        examples=["0.0.0.0:8085"],
    )
    pages_url: str = Field(
        pattern="^https?://[^/]+/?$",
        description="The card page's own origin, as browsers see it; it shares the pages' session cookie.",
        examples=["https://cards.sync.example"],
    )
    return_origins: str = Field(
        pattern=r"^https?://[^/\s]+(\s+https?://[^/\s]+)*$",
        description="Origins the card page may send a browser back to, separated by spaces.",
        examples=["https://sync.example"],
    )
    show_test_card: str = Field(
        default="",
        pattern="^[0-9]{0,19}$",
        description="A test card number the card page fills in, for demonstrations; never set it for real cards.",
        examples=["378282246310005"],
    )

    @field_validator("processor_wire")
    @classmethod
    def _only_in_benchmarks(cls, value: str, info: ValidationInfo) -> str:
        if value == "inprocess" and not info.data.get("bench"):
            raise ValueError("inprocess charges nobody, so it is taken only together with HASHTILL_BENCH=1")
        return value
