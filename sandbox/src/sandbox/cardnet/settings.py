"""Settings of the card network: one frozen record, read from the environment (`SANDBOX_CARDNET_…`)."""

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Everything an operator may choose; a wrong value stops the start and names itself."""

    model_config = SettingsConfigDict(env_prefix="SANDBOX_CARDNET_", frozen=True)

    listen: str = Field(default="127.0.0.1:0", description="host:port; port 0 takes a free one")
    api_key: SecretStr = Field(
        default=SecretStr("sandbox-cardnet-key"), min_length=8, description="the bearer key; tokens are sealed under it"
    )
    authorization_hold_seconds: float = Field(default=7 * 86_400.0, gt=0, description="card-not-present hold: 7 days")
    lapse_seconds: float = Field(default=1.0, ge=0, description="how long the lapsing test card's holds live")
    withheld_seconds: float = Field(default=30.0, ge=0, description="how long an answer is withheld before the hang-up")
    slow_seconds: float = Field(default=1.0, ge=0, description="how long the slow test card takes")
    authorizations_max: int = Field(default=100_000, gt=0, description="kept in memory; the oldest leave first")
