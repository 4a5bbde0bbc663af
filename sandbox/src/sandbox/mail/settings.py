"""Settings of the mail sink: one frozen record, read from the environment (`SANDBOX_MAIL_…`)."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Everything an operator may choose; a wrong value stops the start and names itself."""

    model_config = SettingsConfigDict(env_prefix="SANDBOX_MAIL_", frozen=True)

    smtp_listen: str = Field(default="127.0.0.1:0", description="host:port of SMTP; port 0 takes a free one")
    listen: str = Field(default="127.0.0.1:0", description="host:port of page and API; port 0 takes a free one")
    mails_max: int = Field(default=20_000, gt=0, description="kept in memory; the oldest leave first")
    bytes_max: int = Field(default=128 * 1024 * 1024, gt=0, description="of all kept mails; the oldest leave first")
