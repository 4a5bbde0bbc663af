"""Settings of the simulated X: one frozen record, read from the environment (`SANDBOX_X_…`) and the command line."""

from enum import StrEnum
from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Tier(StrEnum):
    """What the app's owner pays X for; it decides caps, rate limits and who may be replied to."""

    ENTERPRISE = "enterprise"
    SELF_SERVE = "self_serve"


class Settings(BaseSettings):
    """Everything an operator may choose; a wrong value stops the start and names itself."""

    model_config = SettingsConfigDict(env_prefix="SANDBOX_X_", frozen=True, cli_kebab_case=True)

    listen: str = Field(default="127.0.0.1:0", description="host:port; port 0 takes a free one")
    tier: Tier = Tier.ENTERPRISE
    heartbeat_seconds: float = Field(default=20, gt=0, description="an idle stream sends an empty line this often")
    confirm_window_seconds: int = Field(default=900, gt=0, description="what the timeline's countdown counts down from")
    edit_window_seconds: int = Field(
        default=1800, gt=0, description="how long after its first version a post may change"
    )
    program_handle: str = "AmexSync"
    program_access_token: SecretStr = Field(
        default=SecretStr("sandbox-program-token"), description="a user token of the program account that never ends"
    )
    client_id: str = "hashtill"
    client_secret: SecretStr = SecretStr("sandbox-client-secret")
    redirect_uris: tuple[str, ...] = Field(default=(), description="compared exactly, as X does")
    users_file: Path | None = Field(default=None, description="JSON list of users instead of the built-in samples")
    stream_connections_max: int = Field(default=1, ge=1, description="connections each stream allows at once")
    posts_max: int = Field(default=100_000, ge=1, description="the oldest post falls off beyond this many")
