"""Run the gateway: `python -m gateway`, or `python -m gateway migrate`."""

from chassis.process import run_service
from gateway.main import migrate, serve
from gateway.settings import Settings

if __name__ == "__main__":
    run_service(Settings, serve, migrate=migrate)
