"""What orders needs from its environment."""

from datetime import timedelta

from pydantic import Field

from chassis.settings import SecretText, ServiceSettings, Target
from orders.domain.limits import Limits


class Settings(ServiceSettings):
    """Orders' own settings: peers, the page key, and the programme's limits."""

    identity_target: Target = Field(description="Where identity answers.", examples=["127.0.0.1:7001"])
    offers_target: Target = Field(description="Where offers answers.", examples=["127.0.0.1:7002"])
    payments_target: Target = Field(description="Where payments answers.", examples=["127.0.0.1:7004"])
    page_key: SecretText = Field(
        description="Signs page addresses; the same text for orders, notifier and gateway.",
        examples=["a long random text"],
    )
    confirm_window_seconds: int = Field(
        default=900, ge=1, description="How long a cardmember may confirm, from our reply's own time.", examples=["900"]
    )
    slack_seconds: float = Field(
        default=60,
        ge=0,
        description="How long after a window an order still waits for a late delivery.",
        examples=["60"],
    )
    dark_seconds: float = Field(
        default=600, ge=1, description="How long deadlines wait for a network that is dark.", examples=["600"]
    )
    remorse_seconds: float = Field(
        default=1_800, ge=0, description="How long an authorised order may be taken back freely.", examples=["1800"]
    )
    post_age_max_seconds: float = Field(
        default=900, ge=1, description="A purchase post older than this when read orders nothing.", examples=["900"]
    )
    prompting_limit_seconds: float = Field(
        default=600, ge=1, description="How long stock is held for a reply that is not posted.", examples=["600"]
    )
    unshipped_days: float = Field(
        default=6, gt=0, description="After so many days without the merchant an order is voided.", examples=["6"]
    )
    open_orders_max: int = Field(
        default=3, ge=1, description="Unconfirmed orders a cardmember may have at once.", examples=["3"]
    )
    expiries_max: int = Field(
        default=3, ge=1, description="So many expiries within 24 hours start a cool-down.", examples=["3"]
    )
    cool_down_seconds: float = Field(default=3_600, ge=0, description="How long a cool-down lasts.", examples=["3600"])


def limits_of(settings: Settings) -> Limits:
    """Give the limits as the domain needs them."""
    return Limits(
        confirm_window=timedelta(seconds=settings.confirm_window_seconds),
        slack=timedelta(seconds=settings.slack_seconds),
        dark_max=timedelta(seconds=settings.dark_seconds),
        remorse=timedelta(seconds=settings.remorse_seconds),
        post_age_max=timedelta(seconds=settings.post_age_max_seconds),
        prompting=timedelta(seconds=settings.prompting_limit_seconds),
        unshipped=timedelta(days=settings.unshipped_days),
        open_orders_max=settings.open_orders_max,
        expiries_max=settings.expiries_max,
        cool_down=timedelta(seconds=settings.cool_down_seconds),
    )
