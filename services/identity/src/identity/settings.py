"""What identity needs from its environment."""

from pydantic import Field

from chassis.settings import SecretText, ServiceSettings, Target


class Settings(ServiceSettings):
    """Identity's own settings."""

    payments_target: Target = Field(description="Where payments answers.", examples=["127.0.0.1:7005"])
    seal_key: SecretText = Field(
        description="Seals OAuth verifiers and tokens at rest: 32 random bytes as URL-safe base64.",
        examples=["the output of: head -c 32 /dev/urandom | base64 | tr '+/' '-_'"],
    )
    programme_country: str = Field(
        default="US",
        pattern="^[A-Z]{2}$",
        description="Where cards must be issued and billed (ISO 3166-1 alpha-2).",
        examples=["US"],
    )
    x_api_url: str = Field(description="X's API.", examples=["https://api.x.com"])
    x_authorize_url: str = Field(description="X's consent page.", examples=["https://x.com/i/oauth2/authorize"])
    x_client_id: str = Field(description="Our OAuth client at X.", examples=["client-id"])
    x_client_secret: SecretText = Field(description="Its secret.", examples=["client-secret"])
    x_redirect_uri: str = Field(
        description="The pages' callback, exactly as registered at X.",
        examples=["https://sync.example.com/link/callback"],
    )
