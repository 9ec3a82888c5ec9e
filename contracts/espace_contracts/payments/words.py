"""Names that the messages of `payments` share."""

from typing import Annotated, Literal

from pydantic import StringConstraints

from espace_contracts.rpc import FUNDER, GATEWAY

SERVICE = "payments"
EXCHANGE = "payments.events"
PaymentState = Literal["current", "cancelled"]
ExportFormat = Literal["xlsx", "csv"]
ExportState = Literal["waiting", "running", "ready", "failed"]
SearchText = Annotated[str, StringConstraints(max_length=200)]
BY_GATEWAY = frozenset({GATEWAY})
BY_FUNDER = frozenset({FUNDER})
