"""The service over a real broker: what `service.py` wires, seen from outside."""

import urllib.request

import pytest
from espace_contracts import payments as api
from espace_contracts.errors import InvalidRequest, KeyReused, NotFound, Unavailable
from sqlalchemy import text

from tests.service.payments.payment_builders import (
    CAMILLE,
    CLINIC,
    NEIGHBOUR,
    cancelled,
    guide_payments,
    issued,
    search,
    ticking,
    unticking,
)
from tests.service.payments.running import wait_until

COPIES = text("""
    insert into payments (payment_number, siret, state, version, revision, facts_version, number_key, dossier_number,
                          dossier_key, beneficiary_last_name, beneficiary_first_name, beneficiary_key, training_title,
                          amount, paid_hours, periods, worked_from, worked_to, paid_on, transfer_reference,
                          transfer_key, recorded_at, changed_at)
    select payment_number || '-' || place, siret, state, version, revision, facts_version, number_key || '-' || place,
           dossier_number, dossier_key, beneficiary_last_name, beneficiary_first_name, beneficiary_key,
           training_title, amount, paid_hours, periods, worked_from, worked_to, paid_on, transfer_reference,
           transfer_key, recorded_at, changed_at
    from payments, generate_series(1, 60000) as place
""")


def told(payments_db):
    """Types of the events that have left through the outbox."""
    with payments_db.work() as connection:
        return connection.execute(text("select type from outbox where published_at is not null")).scalars().all()


def test_s25_events_in_list_tick_and_export_over_the_bus(running, payments_db):
    for payment in guide_payments():
        running.publish(payment)
    wait_until(lambda: len(told(payments_db)) == 8, what="the recording of 8 payments")
    page = running.call(api.LIST_PAYMENTS, api.ListPayments(siret=CLINIC))
    assert [(month.month, str(month.amount)) for month in page.months] == [
        ("2019-12", "5529.88"),
        ("2019-11", "6109.26"),
        ("2019-10", "18121.01"),
    ]
    tick = ticking("803455").model_copy(update={"idempotency_key": "one"})
    assert running.call(api.TICK_PAYMENTS, tick).changed == ("803455",)
    assert running.call(api.TICK_PAYMENTS, tick).changed == ("803455",), "the first answer again"
    with pytest.raises(KeyReused):
        running.call(api.TICK_PAYMENTS, ticking("806112").model_copy(update={"idempotency_key": "one"}))
    export = api.ExportPayments(siret=CLINIC, actor=CAMILLE, legal_name="Clinique des Tilleuls", idempotency_key="two")
    for _ in range(2):
        exported = running.call(api.EXPORT_PAYMENTS, export).file
        with urllib.request.urlopen(exported.url, timeout=10) as answer:
            assert len(answer.read()) == exported.size
    assert running.call(api.UNTICK_PAYMENTS, unticking("803455")).changed == ("803455",)
    wait_until(lambda: "PaymentUnticked.v1" in told(payments_db), what="the publication of events nobody listens to")
    assert told(payments_db).count("PaymentTicked.v1") == told(payments_db).count("PaymentsExported.v1") == 1


def test_what_cannot_become_valid_is_buried_with_its_reason_and_changes_nothing(running, payments_db):
    good = issued().model_dump(mode="json", exclude_none=True)
    running.publish(issued(), event_id="first")
    wait_until(lambda: told(payments_db), what="the recording")
    running.publish(good | {"amount": "abc"})
    running.publish(good | {"siret": "73282932000075"})
    running.publish({name: value for name, value in good.items() if name != "paid_on"})
    running.publish(issued(amount="1.00"))
    running.publish(issued(), event_id="first")
    running.publish(issued())
    running.publish(cancelled("900009"))
    buried = []
    wait_until(lambda: buried.extend(running.buried("PaymentIssued.v1")) or len(buried) == 4, what="four burials")
    assert sorted(reason.split(":")[0] for reason, _ in buried) == ["invalid", "invalid", "invalid", "version_conflict"]
    page = running.call(api.LIST_PAYMENTS, api.ListPayments(siret=CLINIC))
    assert [(payment.payment_number, str(payment.amount)) for payment in page.payments] == [("900001", "100.00")]
    wait_until(lambda: len(told(payments_db)) == 5, what="the telling of four burials")
    assert sorted(told(payments_db)) == ["MessageRejected.v1"] * 4 + ["PaymentRecorded.v1"]


def test_refusals_are_typed_and_each_caller_has_its_methods(running):
    record = api.RecordPayments(payments=(issued().model_dump(mode="json"), {}))
    answer = running.call(api.RECORD_PAYMENTS, record, user="funder")
    assert (answer.recorded, [one.index for one in answer.rejected]) == (1, [1])
    with pytest.raises(NotFound):
        running.call(api.TICK_PAYMENTS, ticking("900001", siret=NEIGHBOUR))
    with pytest.raises(InvalidRequest) as refused:
        running.call(api.LIST_PAYMENTS, api.ListPayments(siret=CLINIC, cursor="x"))
    assert refused.value.fields == ("cursor",)
    backwards = search(paid_from="2019-12-02", paid_to="2019-12-01")
    with pytest.raises(InvalidRequest):
        running.call(
            api.EXPORT_PAYMENTS, api.ExportPayments(siret=CLINIC, actor=CAMILLE, legal_name="C", search=backwards)
        )
    with pytest.raises(Unavailable):
        running.call(api.LIST_PAYMENTS, api.ListPayments(siret=CLINIC), user="funder")


def test_s33_a_long_export_survives_the_death_of_its_process(running, payments_db):
    record = api.RecordPayments(payments=(issued().model_dump(mode="json"),))
    assert running.call(api.RECORD_PAYMENTS, record, user="funder").recorded == 1
    with payments_db.work() as connection:
        connection.execute(COPIES)
    request = api.ExportPayments(siret=CLINIC, actor=CAMILLE, legal_name="Clinique", idempotency_key="once")
    asked = running.call(api.EXPORT_PAYMENTS, request)
    assert (asked.state, asked.total, asked.file) == ("waiting", 60_001, None)
    assert running.call(api.EXPORT_PAYMENTS, request).job_id == asked.job_id

    def progress():
        return running.call(api.GET_EXPORT, api.GetExport(siret=CLINIC, job_id=asked.job_id))

    wait_until(lambda: progress().state == "running", what="the start of the job")
    running.kill()
    running.start()
    done = wait_until(lambda: (now := progress()).state == "ready" and now, seconds=60, what="the file")
    assert done.done == 60_001
    with urllib.request.urlopen(done.file.url, timeout=10) as answer:
        assert len(answer.read()) == done.file.size
    wait_until(lambda: "PaymentsExported.v1" in told(payments_db), what="the event")
    assert told(payments_db).count("PaymentsExported.v1") == 1
    with payments_db.work() as connection:
        assert connection.execute(text("select attempts from export_jobs")).scalar_one() == 2
