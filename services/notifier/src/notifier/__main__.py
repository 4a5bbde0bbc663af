"""Runs the notifier: `python -m notifier`, or `python -m notifier migrate`."""

from chassis.process import run_service
from notifier.main import migrate, serve
from notifier.settings import Settings

if __name__ == "__main__":
    run_service(Settings, serve, migrate=migrate)
