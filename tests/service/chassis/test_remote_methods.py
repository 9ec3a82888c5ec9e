"""Which methods nameko finds on our services, and with which options."""

import pytest
from espace_contracts.errors import Refusal
from espace_contracts.registry import METHODS, SERVICES

from chassis.bus.rpc import TypedRpc
from chassis.service import service_class


def remote_methods(service):
    """The entrypoints of RPC, by the method's name."""
    members = vars(service_class(f"services.{service}"))
    return {
        name: entrypoint
        for name, member in members.items()
        for entrypoint in getattr(member, "nameko_entrypoints", ())
        if isinstance(entrypoint, TypedRpc)
    }


@pytest.mark.parametrize("service", SERVICES)
def test_trap_03_every_remote_method_keeps_its_options(service):
    """`partial(nameko.rpc.rpc, expected_exceptions=…)` used bare would drop them silently."""
    found = {name: (one.method, one.expected_exceptions) for name, one in remote_methods(service).items()}
    assert found == {method.name: (method, (Refusal,)) for method in METHODS.values() if method.service == service}
