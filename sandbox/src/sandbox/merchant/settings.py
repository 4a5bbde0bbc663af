"""Settings of the merchants: one frozen record, read from the environment (`SANDBOX_MERCHANT_…`)."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Everything an operator may choose; a wrong value stops the start and names itself."""

    model_config = SettingsConfigDict(env_prefix="SANDBOX_MERCHANT_", frozen=True, cli_kebab_case=True)

    listen: str = Field(default="127.0.0.1:0", description="host:port of page and API; port 0 takes a free one")
    orders_target: str = Field(description="host:port where orders answers gRPC")
    offers_target: str = Field(description="host:port where offers answers gRPC; its list says who sells")
    accept_after_seconds: float = Field(default=5.0, ge=0, description="how long an order lies before it is accepted")
    ship_after_seconds: float = Field(default=5.0, ge=0, description="how long packing takes after that")
    poll_seconds: float = Field(default=0.5, gt=0, description="how often shipments due are asked for")
    parcels_max: int = Field(default=10_000, ge=1, description="kept in memory for the page; the oldest leave first")
