"""A service says what it needs, all at once, in words that mend it."""

import pytest
from pydantic import Field, ValidationError

from chassis.settings import SecretText, ServiceSettings, SettingsError, Target, describe_settings, load_settings

COMPLETE = {
    "HASHTILL_DATABASE_URL": "postgresql://hashtill_probe:hunter2@127.0.0.1:5432/hashtill_probe",
    "HASHTILL_NATS_URL": "nats://127.0.0.1:4222",
    "HASHTILL_OFFERS_TARGET": "dns:///offers.hashtill.svc:7000",
    "HASHTILL_PAGE_KEY": "hunter2",
}


class Settings(ServiceSettings):
    offers_target: Target = Field(description="Where offers answers.", examples=["127.0.0.1:7002"])
    page_key: SecretText = Field(description="Signs page addresses.", examples=["a long random text"])
    mail_password: SecretText | None = Field(default=None, description="The mail server's.", examples=["hunter3"])
    window_seconds: int = Field(default=900, ge=1, description="The 15 minutes.", examples=["900"])


def test_settings_are_read_from_the_environment_and_defaults_hold() -> None:
    settings = load_settings(Settings, COMPLETE | {"HASHTILL_WINDOW_SECONDS": "20", "OTHER": "1"})

    assert settings.offers_target == "dns:///offers.hashtill.svc:7000"
    assert settings.page_key.reveal() == "hunter2"
    assert settings.window_seconds == 20
    assert settings.log_level == "INFO"


def test_every_problem_is_told_at_once_in_one_sentence_each() -> None:
    environ = {name: value for name, value in COMPLETE.items() if name != "HASHTILL_NATS_URL"}

    with pytest.raises(SettingsError) as caught:
        load_settings(Settings, environ | {"HASHTILL_WINDOW_SECONDS": "soon", "HASHTILL_LISTEN": "everywhere:70000"})

    told = sorted(caught.value.problems)
    assert len(told) == 3
    assert told[0].startswith("HASHTILL_LISTEN is wrong: it must be host:port")
    assert told[1].startswith("HASHTILL_NATS_URL is not set.")
    assert told[1].endswith("Example: HASHTILL_NATS_URL=nats://127.0.0.1:4222")
    assert told[2].startswith("HASHTILL_WINDOW_SECONDS is wrong:")


def test_a_wrong_value_is_never_shown_for_it_may_be_a_secret() -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings(Settings, COMPLETE | {"HASHTILL_WINDOW_SECONDS": "4111111111111111x"})

    assert "4111111111111111x" not in str(caught.value)


@pytest.mark.parametrize("address", ["hunter2", "mysql://a:hunter2@h/d", "://hunter2", "postgresql://a:hunter2@h:p/d"])
@pytest.mark.parametrize("variable", ["HASHTILL_DATABASE_URL", "HASHTILL_NATS_URL"])
def test_what_is_no_address_names_its_variable_and_stays_unsaid(variable: str, address: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings(Settings, COMPLETE | {variable: address})

    (told,) = caught.value.problems
    assert told.startswith(f"{variable} is wrong: it must be an address such as ")
    assert "hunter2" not in told


@pytest.mark.parametrize(
    "address",
    ["postgres://u@[::1]:5432/d", "postgresql://u:p%40ss@h/d?sslmode=require", "postgresql:///d?host=/run/pg"],
)
def test_a_database_may_be_named_in_every_way_postgresql_knows(address: str) -> None:
    assert load_settings(Settings, COMPLETE | {"HASHTILL_DATABASE_URL": address}).database_url.reveal() == address


def test_secrets_do_not_show_in_a_repr() -> None:
    assert "hunter2" not in repr(load_settings(Settings, COMPLETE))


def test_an_empty_secret_is_a_missing_one() -> None:
    with pytest.raises(SettingsError, match="HASHTILL_PAGE_KEY is wrong"):
        load_settings(Settings, COMPLETE | {"HASHTILL_PAGE_KEY": ""})


def test_settings_cannot_be_changed_and_unknown_names_are_refused() -> None:
    settings = load_settings(Settings, COMPLETE)

    with pytest.raises(ValidationError):
        settings.window_seconds = 1
    with pytest.raises(ValidationError):
        Settings(**(settings.model_dump() | {"windw_seconds": 1}))


def test_building_settings_by_hand_never_looks_at_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HASHTILL_WINDOW_SECONDS", "77")

    settings = Settings(**load_settings(Settings, COMPLETE).model_dump())

    assert settings.window_seconds == 900


def test_each_variable_describes_itself() -> None:
    rows = {row.variable: row for row in describe_settings(Settings)}

    assert rows["HASHTILL_WINDOW_SECONDS"].default == "900"
    assert rows["HASHTILL_WINDOW_SECONDS"].type_name == "int"
    assert rows["HASHTILL_OFFERS_TARGET"].default is None
    assert rows["HASHTILL_PAGE_KEY"].secret
    assert rows["HASHTILL_MAIL_PASSWORD"].secret
    assert not rows["HASHTILL_OFFERS_TARGET"].secret
    assert all(row.description and row.example for row in rows.values())
