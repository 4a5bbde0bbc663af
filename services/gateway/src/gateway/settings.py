"""What the gateway needs from its environment."""

from typing import Literal

from pydantic import Field

from chassis.settings import SecretText, ServiceSettings


class Settings(ServiceSettings):
    """The gateway's own settings; a demo shortens the times, never the code path."""

    x_api_url: str = Field(
        default="https://api.x.com", description="X's API.", examples=["https://api.x.com"], pattern=r"^https?://"
    )
    x_app_key: str = Field(description="The X app's key, for the app-only bearer.", examples=["app-key"], min_length=1)
    x_app_secret: SecretText = Field(description="Its secret.", examples=["app-secret"])
    x_tier: Literal["enterprise", "self_serve"] = Field(
        default="self_serve", description="What X sells us: sets rule and subscription limits.", examples=["self_serve"]
    )
    program_handle: str = Field(
        description="The program account's handle, without @.", examples=["AmexSync"], pattern=r"^[A-Za-z0-9_]{1,15}$"
    )
    x_heartbeat_seconds: float = Field(
        default=20.0,
        gt=0,
        description="How often X sends an empty line; a stream silent for 1.2 times as long is dropped.",
        examples=["20"],
    )
    x_latency_seconds: float = Field(
        default=10.0,
        ge=0,
        description="How late X may deliver a post (its 99th percentile is 6-7 s); watermarks stay so far behind.",
        examples=["10"],
    )
    x_search_delay_seconds: float = Field(
        default=30.0,
        ge=0,
        description="How long after a post X's recent search may not find it yet; gaps wait so long before asking.",
        examples=["30"],
    )
    x_backoff_scale: float = Field(
        default=1.0, gt=0, le=1, description="Multiplies X's table of waits; below 1 only for a demo.", examples=["1"]
    )
    gap_overlap_seconds: float = Field(
        default=60.0, ge=0, description="How long before a gap is asked for again.", examples=["60"]
    )
    prompt_open_seconds: float = Field(
        default=960.0,
        gt=0,
        description="How long a prompt may be answered: the confirmation window and orders' slack.",
        examples=["960"],
    )
    watermark_every_seconds: float = Field(
        default=1.0, gt=0, description="The shortest time between two watermarks.", examples=["1"]
    )
    resync_seconds: float = Field(
        default=300.0, gt=0, description="How often rules and subscriptions are compared with X's.", examples=["300"]
    )
