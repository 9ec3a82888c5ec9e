"""What a sender is told when its message was buried: once, by the service that owns the message's type."""

from typing import ClassVar

from espace_contracts.envelope import EventData


class MessageRejected(EventData):
    """A message of the funder's systems went to the dead letters; what it said was not applied.

    Each service publishes it on its own exchange. *event_id* and *source* are missing when nobody could read them.
    """

    type: ClassVar[str] = "MessageRejected.v1"

    event_type: str
    event_id: str | None = None
    source: str | None = None
    reason: str
    fields: tuple[str, ...] = ()
