"""The service `payments`: what was paid, ticks, exports."""

from espace_contracts.payments.events import (
    EVENTS,
    PaymentRecorded,
    PaymentsEvent,
    PaymentsExported,
    PaymentTicked,
    PaymentUnticked,
)
from espace_contracts.payments.exports import (
    EXPORT_PAYMENTS,
    GET_EXPORT,
    LIST_EXPORTS,
    Export,
    ExportedFile,
    ExportPayments,
    Exports,
    GetExport,
    ListedExport,
    ListExports,
)
from espace_contracts.payments.lists import (
    LIST_PAYMENTS,
    ListPayments,
    MonthTotal,
    Payment,
    PaymentSearch,
    PaymentsPage,
    PaymentTotals,
    Tick,
)
from espace_contracts.payments.recording import RECORD_PAYMENTS, RecordedPayments, RecordPayments, RejectedPayment
from espace_contracts.payments.ticks import (
    MOST_TICKED,
    TICK_PAYMENTS,
    UNTICK_PAYMENTS,
    TickedPayments,
    TickPayments,
    UntickPayments,
)
from espace_contracts.payments.words import EXCHANGE, SERVICE, ExportFormat, ExportState, PaymentState, SearchText

__all__ = [
    "EVENTS",
    "EXCHANGE",
    "EXPORT_PAYMENTS",
    "GET_EXPORT",
    "LIST_EXPORTS",
    "LIST_PAYMENTS",
    "METHODS",
    "MOST_TICKED",
    "RECORD_PAYMENTS",
    "SERVICE",
    "TICK_PAYMENTS",
    "UNTICK_PAYMENTS",
    "Export",
    "ExportFormat",
    "ExportPayments",
    "ExportState",
    "ExportedFile",
    "Exports",
    "GetExport",
    "ListExports",
    "ListPayments",
    "ListedExport",
    "MonthTotal",
    "Payment",
    "PaymentRecorded",
    "PaymentSearch",
    "PaymentState",
    "PaymentTicked",
    "PaymentTotals",
    "PaymentUnticked",
    "PaymentsEvent",
    "PaymentsExported",
    "PaymentsPage",
    "RecordPayments",
    "RecordedPayments",
    "RejectedPayment",
    "SearchText",
    "Tick",
    "TickPayments",
    "TickedPayments",
    "UntickPayments",
]

METHODS = (RECORD_PAYMENTS, LIST_PAYMENTS, TICK_PAYMENTS, UNTICK_PAYMENTS, EXPORT_PAYMENTS, GET_EXPORT, LIST_EXPORTS)
