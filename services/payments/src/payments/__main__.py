"""Runs payments: `python -m payments`, or `python -m payments migrate`."""

from chassis.process import run_service
from payments.main import migrate, serve
from payments.settings import Settings

if __name__ == "__main__":
    run_service(Settings, serve, migrate=migrate)
