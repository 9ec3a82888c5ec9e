"""The bus as a nameko service sees it: `@rpc`, `@subscribe`, `@subscribe_in_batches` and who is calling."""

from chassis.bus.batch import subscribe_in_batches
from chassis.bus.caller import Caller
from chassis.bus.rpc import rpc
from chassis.bus.subscribe import Unacceptable, subscribe

__all__ = ["Caller", "Unacceptable", "rpc", "subscribe", "subscribe_in_batches"]
