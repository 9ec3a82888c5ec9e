"""Names that the messages of `documents` share."""

from typing import Annotated, Literal

from pydantic import StringConstraints

from espace_contracts.rpc import BENEFICIARY, FUNDER, GATEWAY, TRAINING_PROVIDER

SERVICE = "documents"
EXCHANGE = "documents.events"
DepositorKind = Literal["funder", "training_provider", "beneficiary", "employer"]
CategoryKey = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{1,39}$")]
Scan = Literal["pending", "scanning", "available", "blocked"]
Handling = Literal["received", "accepted", "to_correct"]
FileName = Annotated[str, StringConstraints(min_length=1, max_length=1000)]
MediaType = Annotated[str, StringConstraints(max_length=200)]
SearchText = Annotated[str, StringConstraints(max_length=200)]
BY_GATEWAY = frozenset({GATEWAY})
BY_DEPOSITORS = frozenset({GATEWAY, FUNDER, TRAINING_PROVIDER, BENEFICIARY})
BY_READERS = frozenset({GATEWAY, FUNDER})
