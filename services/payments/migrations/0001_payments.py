"""Payments as the funder states them, and the employer's ticks on them."""

from alembic import op

from chassis.schema import delivery_tables, tenant_table

revision = "0001"
down_revision = None

# Numbers and keys are compared byte by byte (COLLATE "C"): the order of a list must not depend on the
# locale of a server, and a range on a key must find a prefix. Amounts are searched as cents: under row-level
# security an index serves only operators that are leakproof, and the one of numeric is not.
PAYMENTS = """
    create table payments (
        payment_number text collate "C" primary key,
        siret text not null,
        state text not null check (state in ('current', 'cancelled', 'awaited')),
        version integer not null,
        revision integer not null,
        facts_version integer,
        number_key text collate "C" not null,
        dossier_number text collate "C",
        dossier_key text collate "C",
        beneficiary_last_name text,
        beneficiary_first_name text,
        beneficiary_key text collate "C",
        training_title text,
        amount numeric(14, 2),
        amount_cents bigint generated always as ((amount * 100)::bigint) stored,
        paid_hours numeric(9, 2),
        periods jsonb,
        worked_from date,
        worked_to date,
        paid_on date,
        transfer_reference text,
        transfer_key text collate "C",
        corrects text,
        cancelled_version integer,
        cancelled_siret text,
        cancelled_on date,
        cancellation_reason text,
        ticked_at timestamptz,
        ticked_by_account uuid,
        ticked_by_name text,
        untick_reason text,
        recorded_at timestamptz not null,
        changed_at timestamptz not null,
        constraint awaited_or_stated check (
            (state = 'awaited') = (facts_version is null)
            and num_nulls(facts_version, dossier_number, dossier_key, beneficiary_last_name, beneficiary_first_name,
                          beneficiary_key, training_title, amount, paid_hours, periods, worked_from, worked_to,
                          paid_on, transfer_reference, transfer_key) in (0, 15)
        ),
        constraint cancellation_whole check (
            num_nulls(cancelled_version, cancelled_siret, cancelled_on, cancellation_reason) in (0, 4)
        ),
        constraint tick_whole check (num_nulls(ticked_at, ticked_by_account, ticked_by_name) in (0, 3))
    )
"""

INDEXES = (
    "create index payments_list on payments (siret, paid_on desc, dossier_number, payment_number)"
    " where state <> 'awaited'",
    "create index payments_dossier on payments (siret, dossier_key) where state <> 'awaited'",
    "create index payments_number on payments (siret, number_key) where state <> 'awaited'",
    "create index payments_transfer on payments (siret, transfer_key) where state <> 'awaited'",
    "create index payments_amount on payments (siret, amount_cents) where state <> 'awaited'",
)


def upgrade() -> None:
    """Makes the tables; the app role may tick, only the worker role may state payments."""
    delivery_tables()
    op.execute(PAYMENTS)
    for index in INDEXES:
        op.execute(index)
    tenant_table("payments", "payments")
    op.execute("revoke insert, update, delete on payments from payments_app")
    op.execute(
        "grant update (ticked_at, ticked_by_account, ticked_by_name, untick_reason, changed_at)"
        " on payments to payments_app"
    )
    op.execute("revoke delete on payments from payments_worker")


def downgrade() -> None:
    """Drops everything of this service."""
    for table in ("payments", "idempotency", "inbox", "outbox"):
        op.execute(f"drop table {table}")
