import importlib
import inspect

import pytest
from tools.reference.protos import Rpc, Service, read_protos

SERVICERS = {
    "hashtill.identity.v1.IdentityService": "identity.inbound.servicer",
    "hashtill.notifier.v1.NotifierService": "notifier.inbound.servicer",
    "hashtill.offers.v1.OffersService": "offers.inbound.offers_servicer",
    "hashtill.orders.v1.OrdersService": "orders.inbound.servicer",
    "hashtill.payments.v1.PaymentsService": "payments.inbound.servicer",
    "hashtill.social.v1.SocialService": "gateway.inbound.social_service",
}
"""Which module holds the class that answers a service."""


def test_every_declared_service_has_its_servicer() -> None:
    assert {service.full_name for service in read_protos().services} == set(SERVICERS)


@pytest.mark.parametrize("service", read_protos().services, ids=lambda service: service.full_name)
def test_every_declared_call_is_answered(service: Service) -> None:
    servicer = _servicer(service)

    silent = [rpc.name for rpc in service.rpcs if not _is_answered(servicer, rpc)]

    assert not silent, f"{servicer.__name__} leaves UNIMPLEMENTED: {', '.join(silent)}"


@pytest.mark.parametrize("service", read_protos().services, ids=lambda service: service.full_name)
def test_streams_are_answered_by_generators_and_single_calls_by_coroutines(service: Service) -> None:
    servicer = _servicer(service)

    wrong = [rpc.name for rpc in service.rpcs if not _has_its_shape(getattr(servicer, rpc.name), rpc)]

    assert not wrong


def _is_answered(servicer: type, rpc: Rpc) -> bool:
    """A call is answered when the first class that has it is ours, not the generated one."""
    owner = next(each for each in servicer.__mro__ if rpc.name in vars(each))
    return not owner.__module__.startswith("hashtill.")


def _has_its_shape(answer: object, rpc: Rpc) -> bool:
    return inspect.isasyncgenfunction(answer) if rpc.streams else inspect.iscoroutinefunction(answer)


def _servicer(service: Service) -> type:
    """Find the one class of ours that adds the generated servicer to itself."""
    module = importlib.import_module(SERVICERS[service.full_name])
    generated = f"{service.full_name.rpartition('.')[2]}Servicer"
    found = [
        each
        for each in vars(module).values()
        if inspect.isclass(each) and each.__module__ == module.__name__ and generated in _bases(each)
    ]
    assert len(found) == 1
    return found[0]


def _bases(servicer: type) -> set[str]:
    return {base.__name__ for base in servicer.__mro__ if base.__module__.startswith("hashtill.")}
