"""The rights that the broker is given, as expressions that it accepts (K31)."""

import re

import pytest
from espace_contracts.registry import METHODS, SERVICES
from espace_contracts.rpc import GATEWAY, OUTSIDE_KINDS

from ops.topology import BrokerUser, definitions, methods_for

LONGEST = 1000  # RabbitMQ 4.3 refuses somewhat longer ones: pattern_too_long
USERS = [*SERVICES, GATEWAY, *(f"{kind}.x" for kind in OUTSIDE_KINDS)]


def test_k31_no_expression_is_longer_than_rabbitmq_takes() -> None:
    made = definitions("/", [BrokerUser(name, "word") for name in USERS])
    entries = made["permissions"] + made["topic_permissions"]
    lengths = {
        (entry["user"], right): len(entry.get(right, ""))
        for entry in entries
        for right in ("configure", "write", "read")
    }
    assert len({user for user, _ in lengths}) == len(USERS)
    assert {place: length for place, length in lengths.items() if length > LONGEST} == {}


@pytest.mark.parametrize("kind", [GATEWAY, *OUTSIDE_KINDS])
def test_k31_expression_allows_the_declared_methods_and_no_other(kind: str) -> None:
    expression = re.compile(methods_for(kind))
    allowed = {key for key in METHODS if expression.search(key)}
    assert allowed == {key for key, method in METHODS.items() if kind in method.callers}
    assert not [key for key in METHODS if expression.search(key.replace(".", "x")) or expression.search(f"{key}s")]
