"""What crosses the bus of the toy service."""

from typing import ClassVar
from urllib.parse import urlsplit

from espace_contracts import errors, registry
from espace_contracts.envelope import EventData
from espace_contracts.rejections import MessageRejected
from espace_contracts.replay import events_since
from espace_contracts.rpc import Answer, Method, Request, Write

from tests.service.stack import stack

NAME = "toy"
TESTER = frozenset({urlsplit(stack()["migrate"]["OPS_RABBITMQ_URL"]).username or ""})  # the tests' broker user


class Poked(EventData):
    """In: do something with *text*."""

    exchange: ClassVar[str] = "funder.events"
    type: ClassVar[str] = "Poked.v1"

    text: str


class Counted(EventData):
    """In, many at a time: write *text*."""

    exchange: ClassVar[str] = "funder.events"
    type: ClassVar[str] = "Counted.v1"

    text: str


class Felt(EventData):
    """Out: it was done."""

    exchange: ClassVar[str] = "toy.events"
    type: ClassVar[str] = "Felt.v1"

    text: str


class Echo(Request):
    """What to say back, after how many seconds."""

    text: str
    seconds: float = 0


class Echoed(Answer):
    """The same again, and who asked."""

    text: str
    caller: str = ""


class Note(Write):
    """Write a line."""

    text: str


ECHO = Method(NAME, "echo", Echo, Echoed, TESTER, (errors.NotFound,), identified=False)
WHO = Method(NAME, "who", Echo, Echoed, frozenset({"funder"}))
SLEEP = Method(NAME, "sleep", Echo, Echoed, TESTER, identified=False)
NOTE = Method(NAME, "note", Note, Echoed, TESTER, (errors.KeyReused,), identified=False)

EVENTS_SINCE = events_since(NAME)


class ToyMessageRejected(MessageRejected):
    """As the registry makes one for each real service."""

    exchange: ClassVar[str] = "toy.events"


registry.SUBSCRIPTIONS[NAME] = (Poked, Counted)
registry.OWNERS |= {Poked.type: NAME, Counted.type: NAME}
registry.REJECTIONS[NAME] = ToyMessageRejected
