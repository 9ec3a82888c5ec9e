"""Names on the broker are promises: a queue that is called otherwise leaves the old one bound and filling (trap 2)."""

from espace_contracts import funder

from chassis.topology import event_queues, rpc_queues


def test_trap_02_a_handlers_queues_are_named_by_service_and_event_alone() -> None:
    names = [spec.name for spec in event_queues("payments", funder.PaymentIssued)]
    assert names == [
        "payments.PaymentIssued.v1",
        "payments.PaymentIssued.v1.retry.5s",
        "payments.PaymentIssued.v1.retry.30s",
        "payments.PaymentIssued.v1.retry.5m",
        "payments.PaymentIssued.v1.dead",
    ]


def test_requests_wait_where_stock_nameko_puts_them() -> None:
    assert [spec.name for spec in rpc_queues("payments")] == ["rpc-payments", "rpc-payments.dead"]
