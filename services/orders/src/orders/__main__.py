"""Runs orders: `python -m orders`, or `python -m orders migrate`."""

from chassis.process import run_service
from orders.main import migrate, serve
from orders.settings import Settings

if __name__ == "__main__":
    run_service(Settings, serve, migrate=migrate)
