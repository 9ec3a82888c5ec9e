"""Names that the messages of `identity` share."""

from typing import Literal

from espace_contracts.rpc import FUNDER, GATEWAY

SERVICE = "identity"
EXCHANGE = "identity.events"
AccountState = Literal["provisional", "pending_confirmation", "active", "disabled"]
BY_GATEWAY = frozenset({GATEWAY})
BY_FUNDER = frozenset({FUNDER})
