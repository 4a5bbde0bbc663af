"""What the gateway needs from its environment."""

from typing import Literal

from pydantic import Field

from chassis.settings import ListenAddress, SecretText, ServiceSettings, Target


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
    pages_listen: ListenAddress = Field(
        default="127.0.0.1:0", description="Where the pages are answered; port 0 picks one.", examples=["0.0.0.0:8080"]
    )
    pages_url: str = Field(
        default="",
        description="The pages' public address, where mails and the card page lead; http:// and HASHTILL_PAGES_LISTEN "
        "when left out, which only a browser on this machine can reach.",
        examples=["https://sync.example.com"],
        pattern=r"^(https?://[^/?#\s]+)?$",
    )
    page_key: SecretText = Field(
        description="Signs page addresses and forms; the same text for orders, notifier and gateway.",
        examples=["a long random text"],
    )
    program_name: str = Field(
        default="AmexSync",
        min_length=1,
        max_length=50,
        description="How the pages call the program.",
        examples=["AmexSync"],
    )
    terms_version: str = Field(
        default="2013-02",
        min_length=1,
        max_length=50,
        description="The version of the terms that linking agrees to.",
        examples=["2013-02"],
    )
    cookie_domain: str | None = Field(
        default=None,
        description="Shared with the card page when that has a host name of its own; this host alone when left out.",
        examples=["example.com"],
        pattern=r"^[A-Za-z0-9.-]+$",
    )
    identity_target: Target = Field(description="Where identity answers.", examples=["127.0.0.1:7001"])
    offers_target: Target = Field(description="Where offers answers.", examples=["127.0.0.1:7002"])
    orders_target: Target = Field(description="Where orders answers.", examples=["127.0.0.1:7003"])
    payments_target: Target = Field(description="Where payments answers.", examples=["127.0.0.1:7004"])
