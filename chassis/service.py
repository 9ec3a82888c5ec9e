"""What every nameko service of ours brings: database, clock, relay, pruning, health, measures."""

import importlib
import inspect

from chassis.database import DatabaseProvider
from chassis.health import HealthPages
from chassis.instruments import Instruments
from chassis.measures import Measures
from chassis.pruning import DeliveryPruning
from chassis.readiness import Readiness
from chassis.relay import OutboxRelay
from chassis.timekeeping import Clock


class Service(HealthPages):
    """Base of a service class; it adds its entrypoints and adapters."""

    db = DatabaseProvider()
    clock = Clock()
    relay = OutboxRelay()
    pruning = DeliveryPruning()
    instruments = Instruments()
    readiness = Readiness()
    measures = Measures()


def service_class(package: str) -> type[Service]:
    """The one Service defined in `<package>.service`. Raises LookupError where there are several, or none."""
    module = importlib.import_module(f"{package}.service")
    found = [
        member
        for _, member in inspect.getmembers(module, inspect.isclass)
        if issubclass(member, Service) and member.__module__ == module.__name__
    ]
    if len(found) != 1:
        raise LookupError(f"{package}.service defines {len(found)} services")
    return found[0]
