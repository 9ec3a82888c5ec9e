"""What every nameko service of ours brings: database, clock, relay, pruning, health, measures."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from nameko.extensions import DependencyProvider

from chassis.clock import utc_now
from chassis.database import DatabaseProvider
from chassis.health import HealthPages
from chassis.instruments import Instruments
from chassis.measures import Measures
from chassis.pruning import DeliveryPruning
from chassis.readiness import Readiness
from chassis.relay import OutboxRelay


class Clock(DependencyProvider):
    """`self.clock()`: the present instant, aware, in UTC."""

    def get_dependency(self, worker_ctx: Any) -> Callable[[], datetime]:
        """The function itself."""
        return utc_now


class Service(HealthPages):
    """Base of a service class; it adds its entrypoints and adapters."""

    db = DatabaseProvider()
    clock = Clock()
    relay = OutboxRelay()
    pruning = DeliveryPruning()
    instruments = Instruments()
    readiness = Readiness()
    measures = Measures()
