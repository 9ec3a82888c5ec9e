"""What the funder must not state: the contract names the faulty member, whoever sends it and by whatever way (S28, S29, S35)."""

import pytest
from espace_contracts.envelope import faulty_fields
from espace_contracts.funder import PaymentFacts
from espace_contracts.samples import event_sample
from pydantic import ValidationError

GOOD = event_sample("PaymentIssued.v1")["data"]


def period(start, end):
    return {"start": start, "end": end}


@pytest.mark.parametrize(
    ("member", "value", "field"),
    [
        ("amount", "1000000000000000", "amount"),  # 10^15
        ("amount", "10000000000.00", "amount"),
        ("amount", "-10000000000.00", "amount"),
        ("amount", 2764.94, "amount"),  # a float has lost the cents
        ("amount", "2764,94", "amount"),
        ("amount", "2764.945", "amount"),
        ("amount", "NaN", "amount"),
        ("amount", "1e3", "amount"),
        ("amount", "٢٧٦٤", "amount"),
        ("amount", "0.00", "amount"),
        ("paid_hours", "151:40", "paid_hours"),  # never hh:mm (S29)
        ("paid_hours", "151.667", "paid_hours"),
        ("paid_hours", "100000", "paid_hours"),
        ("paid_on", "2019-02-30", "paid_on"),
        ("paid_on", "11/12/2019", "paid_on"),
        ("paid_on", "0001-01-01", "paid_on"),
        ("paid_on", "9999-12-31", "paid_on"),
        ("periods", [], "periods"),
        ("periods", [period("2019-11-30", "2019-11-01")], "periods.0,periods"),
        (
            "periods",
            [period("2019-11-01", "2019-11-15"), period("2019-11-15", "2019-11-30")],
            "periods",
        ),  # they overlap
        ("periods", [period("2019-11-01", "2019-11-31")], "periods.0.end,periods"),
        ("periods", [period("2019-11-01", "2019-11-01")] * 25, "periods"),
        ("dossier_number", "", "dossier_number"),
        ("dossier_number", "   ", "dossier_number"),
        ("dossier_number", "1" * 41, "dossier_number"),
        ("dossier_number", 1900565, "dossier_number"),
        ("dossier_number", "19GE\u202e00565", "dossier_number"),
        ("training_title", "x" * 10_000, "training_title"),
        ("training_title", "a\nb", "training_title"),
        ("beneficiary", {"last_name": "MAR\u202eTIN", "first_name": "Audrey"}, "beneficiary.last_name"),
        ("beneficiary", {"last_name": "MARTIN\x00", "first_name": "Audrey"}, "beneficiary.last_name"),
        ("siret", "73282932000075", "siret"),
        ("siret", "' or 1=1 --", "siret"),
        ("currency", "USD", "currency"),
        ("version", 0, "version"),
        ("version", "1", "version"),
        ("version", 10**15, "version"),
        ("payment_number", "806112'; drop table payments; --" * 2, "payment_number"),
        ("surprise", "x", "surprise"),
    ],
)
def test_s29_a_faulty_payment_is_refused_by_its_member(member, value, field):
    with pytest.raises(ValidationError) as refusal:
        PaymentFacts.model_validate(GOOD | {member: value})
    assert ",".join(faulty_fields(refusal.value)) == field


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("amount", "9999999999.99"),
        ("amount", "-0.01"),
        ("paid_hours", "0.00"),
        ("paid_on", "2020-02-29"),
        ("dossier_number", "18RCDI4786"),
        ("dossier_number", "19/GE-00565 bis"),
        ("training_title", '=HYPERLINK("http://evil.example") 😀 <script>'),
        ("beneficiary", {"last_name": "شركة", "first_name": "D’Œuvre-Ñandú"}),
        ("periods", [period("2019-11-16", "2019-11-30"), period("2019-11-01", "2019-11-15")]),
    ],
)
def test_s35_what_is_unusual_but_true_is_taken_as_it_is(member, value):
    facts = PaymentFacts.model_validate(GOOD | {member: value})
    assert facts.model_dump(mode="json", exclude_none=True)[member] == value
