"""Runs offers: `python -m offers`, or `python -m offers migrate`."""

from chassis.process import run_service
from offers.main import migrate, serve
from offers.settings import Settings

if __name__ == "__main__":
    run_service(Settings, serve, migrate=migrate)
