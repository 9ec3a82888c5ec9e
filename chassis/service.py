"""What every nameko service of ours brings: database, clock, relay, pruning, health, measures."""

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
