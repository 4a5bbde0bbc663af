"""What the notifier needs from its environment."""

from typing import Literal

from pydantic import Field

from chassis.settings import SecretText, ServiceSettings, Target


class Settings(ServiceSettings):
    """The notifier's own settings."""

    identity_target: Target = Field(description="Where identity answers.", examples=["127.0.0.1:7001"])
    orders_target: Target = Field(description="Where orders answers.", examples=["127.0.0.1:7003"])
    x_api_url: str = Field(description="X's API.", examples=["https://api.x.com"])
    x_access_token: SecretText = Field(
        description="The program account's user token at X.", examples=["a token with tweet.write"]
    )
    smtp_host: str = Field(description="The mail server.", examples=["127.0.0.1"])
    smtp_port: int = Field(ge=1, le=65_535, description="Its port.", examples=["587"])
    smtp_username: str = Field(default="", description="Who logs in there; nobody when empty.", examples=["hashtill"])
    smtp_password: SecretText | None = Field(default=None, description="The password of that user.", examples=["…"])
    smtp_start_tls: bool = Field(default=False, description="Whether the mail server is spoken to over STARTTLS.")
    mail_sender: str = Field(
        default="sync@program.example", pattern=r"^[^@\s]+@[^@\s]+$", description="Whom mails come from."
    )
    program_name: str = Field(default="Amex Sync", min_length=1, description="The program's name, as people read it.")
    pages_url: str = Field(description="Where the pages are.", examples=["https://sync.example.com"])
    page_key: SecretText = Field(description="Signs page addresses; the same as orders' and gateway's.")
    notifier_wire: Literal["network", "inprocess"] = Field(
        default="network",
        description="inprocess answers X's and the mail server's wires within the process: for measurements alone.",
    )
    bench: bool = Field(default=False, description="Whether this is a measurement; inprocess wires demand it.")
