"""Everything that crosses the bus, by name."""

from espace_contracts import documents, funder, identity, payments
from espace_contracts.envelope import EventData
from espace_contracts.rpc import Method

SERVICES = (identity.SERVICE, payments.SERVICE, documents.SERVICE)
EXCHANGES = (funder.EXCHANGE, identity.EXCHANGE, payments.EXCHANGE, documents.EXCHANGE)

INBOUND_EVENTS: tuple[type[EventData], ...] = (
    funder.FundingRequestReceived,
    funder.DossierUpdated,
    funder.PaymentIssued,
    funder.PaymentCancelled,
    funder.DocumentTakenIntoAccount,
    funder.DocumentRefused,
    funder.EmployerContactChanged,
)
EVENTS: dict[str, type[EventData]] = {
    event.type: event for event in (*INBOUND_EVENTS, *identity.EVENTS, *payments.EVENTS, *documents.EVENTS)
}
# Who hears what: each pair is a queue `<service>.<Type>.v1` that exists from the first migration on.
SUBSCRIPTIONS: dict[str, tuple[type[EventData], ...]] = {
    identity.SERVICE: (funder.FundingRequestReceived, funder.EmployerContactChanged, identity.AccountCreated),
    payments.SERVICE: (funder.PaymentIssued, funder.PaymentCancelled),
    documents.SERVICE: (
        funder.FundingRequestReceived,
        funder.DossierUpdated,
        funder.DocumentTakenIntoAccount,
        funder.DocumentRefused,
        payments.PaymentRecorded,
    ),
}
METHODS: dict[str, Method] = {
    method.routing_key: method for method in (*identity.METHODS, *payments.METHODS, *documents.METHODS)
}
