"""What offers needs from its environment."""

from pydantic import Field

from chassis.settings import ServiceSettings


class Settings(ServiceSettings):
    """Offers' own settings."""

    watchers_max: int = Field(
        default=1_000, ge=1, le=10_000, description="WatchOffers streams a process keeps.", examples=["1000"]
    )
