"""Tables of the database `documents`; the migrations create them, `store.py` queries them."""

from sqlalchemy import BigInteger, Boolean, Column, Date, DateTime, ForeignKey, Integer, MetaData, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData()


def _time(name: str, *, nullable: bool = False) -> Column:
    return Column(name, DateTime(timezone=True), nullable=nullable)


def _text(name: str, *, nullable: bool = False) -> Column:
    return Column(name, Text, nullable=nullable)


categories = Table(
    "categories",
    metadata,
    Column("key", Text, primary_key=True),
    Column("position", Integer, nullable=False),
    Column("definition", JSONB, nullable=False),
    Column("file_version", Integer, nullable=False),
    Column("retired", Integer, nullable=True, comment="version of the file that no longer names it"),
)

category_sets = Table(
    "category_sets",
    metadata,
    Column("revision", Integer, primary_key=True, comment="file_version and retired of the categories count these"),
    Column("version", Integer, nullable=False, comment="as the file calls itself"),
    _text("origin"),
    _text("applied_by"),
    _time("applied_at"),
)

dossiers = Table(
    "dossiers",
    metadata,
    Column("siret", Text, primary_key=True),
    Column("dossier_number", Text, primary_key=True),
    Column("version", Integer, nullable=False, comment="0: as the funding request stated it"),
    _text("beneficiary_last_name"),
    _text("beneficiary_first_name"),
    _text("training_title"),
    _text("training_provider"),
    Column("period_start", Date, nullable=False),
    Column("period_end", Date, nullable=False),
    Column("funder", JSONB, nullable=True),
    Column("requested_at", DateTime(timezone=True), comment="time of the newest funding request seen"),
    _text("number_key"),
    _text("name_key"),
    _time("created_at"),
)


def _described() -> list[Column]:
    """What the depositor said of a file; a document takes it over from its deposit."""
    return [
        Column("category", Text, ForeignKey("categories.key"), nullable=False),
        _text("dossier_number", nullable=True),
        _text("label", nullable=True),
        Column("period_start", Date, nullable=True),
        Column("period_end", Date, nullable=True),
        _text("beneficiary_last_name", nullable=True),
        _text("beneficiary_first_name", nullable=True),
        _text("payment_number", nullable=True),
        Column(
            "details", JSONB, nullable=False, comment="what stands in the category's free fields, as described then"
        ),
        _text("depositor_kind"),
        _text("depositor_name"),
        Column("depositor_account", Uuid, nullable=True),
    ]


def _stored(*, sha256_known: bool = True) -> list[Column]:
    """What is known of the bytes in the store."""
    return [
        _text("object_key"),
        _text("file_name"),
        _text("media_type"),
        Column("size", BigInteger, nullable=False),
        _text("sha256", nullable=not sha256_known),
    ]


deposits = Table(
    "deposits",
    metadata,
    Column("id", Uuid, primary_key=True),
    _text("siret"),
    *_described(),
    *_stored(sha256_known=False),
    _time("begun_at"),
    _time("expires_at"),
    Column("replaces", Uuid, nullable=True, comment="the document whose file it replaces"),
    Column("document_id", Uuid, nullable=True, comment="the document that it has become"),
    Column("refusal", Text, nullable=True, comment="why its file cannot become a document"),
    _time("swept_at", nullable=True),
)

documents = Table(
    "documents",
    metadata,
    Column("id", Uuid, primary_key=True),
    _text("siret"),
    *_described(),
    _text("name_key", nullable=True),
    _text("payment_key", nullable=True),
    _text("payment_dossier_key", nullable=True),
    Column("version", Integer, nullable=False),
    _text("handling"),
    _text("reason", nullable=True),
    _time("handled_at", nullable=True),
    _time("deposited_at"),
    _time("deleted_at", nullable=True),
    Column("purging_at", DateTime(timezone=True), nullable=True, comment="too long in the trash: none restores it"),
)

document_versions = Table(
    "document_versions",
    metadata,
    Column("document_id", Uuid, primary_key=True),
    Column("version", Integer, primary_key=True),
    _text("siret"),
    *_stored(),
    _text("scan"),
    Column("scan_tried_at", DateTime(timezone=True), nullable=True, comment="a scanner took it last"),
    _time("created_at"),
    Column("drawn_from", JSONB, nullable=True, comment="facts of a file that we draw ourselves"),
    Column("drawn_at", DateTime(timezone=True), nullable=True, comment="its bytes are in the store since"),
)

advices = Table(
    "advices",
    metadata,
    Column("payment_number", Text, primary_key=True),
    Column("version", Integer, nullable=False),
    _text("siret"),
    Column("document_id", Uuid, nullable=False),
    Column("deposited", Boolean, nullable=False, comment="the funder's own, which no drawn one replaces"),
    Column(
        "facts", JSONB, nullable=True, comment="the payment as it is, to draw a page from when the funder's own goes"
    ),
)

document_changes = Table(
    "document_changes",
    metadata,
    Column("id", BigInteger, primary_key=True),
    _text("siret"),
    Column("document_id", Uuid, nullable=False),
    _text("change"),
    Column("version", Integer, nullable=False),
    Column("previous", JSONB, nullable=True, comment="what was said of it before"),
    _text("changer_kind"),
    _text("changer_name"),
    Column("changer_account", Uuid, nullable=True),
    _time("changed_at"),
)

file_openings = Table(
    "file_openings",
    metadata,
    Column("id", BigInteger, primary_key=True),
    _text("siret"),
    Column("document_id", Uuid, nullable=False),
    Column("version", Integer, nullable=False),
    _text("opener_kind"),
    _text("opener_name"),
    Column("opener_account", Uuid, nullable=True),
    _time("opened_at"),
)
