"""Everything that crosses the bus, by name."""

from espace_contracts import documents, funder, identity, payments
from espace_contracts.envelope import EventData
from espace_contracts.rejections import MessageRejected
from espace_contracts.replay import events_since
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
OWNERS: dict[str, str] = {
    funder.FundingRequestReceived.type: identity.SERVICE,
    funder.EmployerContactChanged.type: identity.SERVICE,
    funder.PaymentIssued.type: payments.SERVICE,
    funder.PaymentCancelled.type: payments.SERVICE,
    funder.DossierUpdated.type: documents.SERVICE,
    funder.DocumentTakenIntoAccount.type: documents.SERVICE,
    funder.DocumentRefused.type: documents.SERVICE,
}
"""The service that tells the sender when a message of this type was buried."""


def _rejected_by(service: str) -> type[MessageRejected]:
    members = {"exchange": f"{service}.events", "__doc__": MessageRejected.__doc__, "__module__": __name__}
    return type(f"{service.title()}MessageRejected", (MessageRejected,), members)


REJECTIONS: dict[str, type[MessageRejected]] = {service: _rejected_by(service) for service in SERVICES}
_EVENTS: tuple[type[EventData], ...] = (
    *INBOUND_EVENTS,
    *identity.EVENTS,
    *payments.EVENTS,
    *documents.EVENTS,
    MessageRejected,
)
EVENTS: dict[str, type[EventData]] = {event.type: event for event in _EVENTS}
# Who hears what: each pair is a queue `<service>.<Type>.v1` that exists from the first migration on.
SUBSCRIPTIONS: dict[str, tuple[type[EventData], ...]] = {
    identity.SERVICE: (
        funder.FundingRequestReceived,
        funder.EmployerContactChanged,
        identity.AccountCreated,
        payments.PaymentTicked,
        payments.PaymentUnticked,
        payments.PaymentRecorded,
        payments.PaymentsExported,
        documents.DocumentDeposited,
        documents.DocumentReplaced,
        documents.DocumentRecategorised,
        documents.DocumentDeleted,
        documents.DocumentRestored,
        documents.DocumentHandled,
    ),
    payments.SERVICE: (funder.PaymentIssued, funder.PaymentCancelled),
    documents.SERVICE: (
        funder.FundingRequestReceived,
        funder.DossierUpdated,
        funder.DocumentTakenIntoAccount,
        funder.DocumentRefused,
        payments.PaymentRecorded,
    ),
}
REPLAYS = {service: events_since(service) for service in SERVICES}
_METHODS: tuple[Method, ...] = (*identity.METHODS, *payments.METHODS, *documents.METHODS, *REPLAYS.values())
METHODS: dict[str, Method] = {method.routing_key: method for method in _METHODS}
