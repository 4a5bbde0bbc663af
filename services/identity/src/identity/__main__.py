"""Runs identity: `python -m identity`, or `python -m identity migrate`."""

from chassis.process import run_service
from identity.main import migrate, serve
from identity.settings import Settings

if __name__ == "__main__":
    run_service(Settings, serve, migrate=migrate)
