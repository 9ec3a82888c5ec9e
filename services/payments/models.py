"""The table of the service; the migrations make it, this is how queries name its columns."""

from sqlalchemy import BigInteger, Column, Date, DateTime, Integer, MetaData, Numeric, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData()

payments = Table(
    "payments",
    metadata,
    Column("payment_number", Text, primary_key=True),
    Column("siret", Text, nullable=False),
    Column("state", Text, nullable=False),  # current, cancelled; awaited: only its cancellation is known
    Column("version", Integer, nullable=False),  # the highest of the two below
    Column("revision", Integer, nullable=False),  # counts our own writes: two writers notice each other
    Column("facts_version", Integer),
    Column("number_key", Text, nullable=False),
    Column("dossier_number", Text),
    Column("dossier_key", Text),
    Column("beneficiary_last_name", Text),
    Column("beneficiary_first_name", Text),
    Column("beneficiary_key", Text),
    Column("training_title", Text),
    Column("amount", Numeric(14, 2)),
    Column("paid_hours", Numeric(9, 2)),
    Column("periods", JSONB(none_as_null=True)),  # [{"start": "2019-09-01", "end": "2019-09-30"}], oldest first
    Column("worked_from", Date),
    Column("worked_to", Date),
    Column("paid_on", Date),
    Column("transfer_reference", Text),
    Column("transfer_key", Text),
    Column("corrects", Text),
    Column("cancelled_version", Integer),
    Column("cancelled_siret", Text),
    Column("cancelled_on", Date),
    Column("cancellation_reason", Text),
    Column("ticked_at", DateTime(timezone=True)),
    Column("ticked_by_account", Uuid),
    Column("ticked_by_name", Text),
    Column("tick_batch", Uuid),  # shared by payments that were ticked together, so that this can be undone
    Column("untick_reason", Text),
    Column("recorded_at", DateTime(timezone=True), nullable=False),
    Column("changed_at", DateTime(timezone=True), nullable=False),
    Column("stated_at", DateTime(timezone=True)),  # by the funder, unlike changed_at; null: when it was recorded
)

export_jobs = Table(
    "export_jobs",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("siret", Text, nullable=False),
    Column("request", JSONB, nullable=False),  # the ExportPayments that was asked for
    Column("state", Text, nullable=False),  # waiting, running, ready, failed
    Column("total", Integer, nullable=False),
    Column("done", Integer, nullable=False),
    Column("attempts", Integer, nullable=False),  # also tells the holder of the lease from those before it
    Column("leased_until", DateTime(timezone=True)),
    Column("object_key", Text),
    Column("file_name", Text),
    Column("media_type", Text),
    Column("size", BigInteger),
    Column("requested_at", DateTime(timezone=True), nullable=False),
    Column("finished_at", DateTime(timezone=True)),
)
