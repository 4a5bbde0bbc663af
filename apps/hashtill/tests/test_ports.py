"""Ports: what was chosen is nobody else's, though nothing listens there yet."""

import sys

import pytest

from hashtill_cli.embedded import ports
from hashtill_cli.embedded.errors import EmbeddedServerError
from hashtill_cli.embedded.ports import free_port, free_ports


@pytest.mark.skipif(sys.platform != "linux", reason="names that end with their process are Linux' own")
def test_a_port_that_was_chosen_is_not_chosen_again(monkeypatch: pytest.MonkeyPatch) -> None:
    (first,) = free_ports(1)
    monkeypatch.setattr(ports, "_RANGE", range(first, first + 1))

    with pytest.raises(EmbeddedServerError, match="No free port"):
        free_port()


@pytest.mark.skipif(sys.platform != "linux", reason="as above")
def test_only_so_many_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "_HELD_MAX", 1)
    (first,) = free_ports(1)
    free_port()
    monkeypatch.setattr(ports, "_RANGE", range(first, first + 1))

    assert free_port() == first
