"""What the measurement of RPC asks and hears."""

from espace_contracts.rpc import Answer, Method, Request
from espace_contracts.types import Siret

from ops.endpoints import ADMIN

NAMES = {"ours": "bench_ours", "stock": "bench_stock", "aio-pika": "bench_aio_pika", "raw": "bench_raw"}


class Echo(Request):
    """What to say again."""

    siret: Siret
    text: str
    number: int


class Echoed(Answer):
    """The same."""

    siret: Siret
    text: str
    number: int


ECHO = Method(NAMES["ours"], "echo", Echo, Echoed, frozenset({ADMIN}))
STOCK = Method(NAMES["stock"], "echo", Echo, Echoed, frozenset({ADMIN}))
