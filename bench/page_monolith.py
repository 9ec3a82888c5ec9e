"""The page Règlements as one synchronous process would make it: Flask, SQLAlchemy's ORM, no bus (for `bench.page`).

It answers with the same bytes as the gateway: the same templates on the same rows, since HTML is most of the work on
both sides. What differs is the way there: sessions and payments are read by the ORM in this very process, which serves
`gunicorn --worker-class gthread`. BENCH_DATABASES holds the addresses of the two databases, as JSON.
"""

import json
import os
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import flask
from sqlalchemy import JSON, ForeignKey, create_engine, func, make_url, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, joinedload, mapped_column, relationship, sessionmaker

from gateway import french
from gateway.payment_list import months_of, sentence
from gateway.payment_search import active_filters, presets, read_search
from gateway.rendering import environment, read_manifest
from gateway.security import csrf_token

PAGE = 100
TOUCH_EVERY, IDLE = timedelta(seconds=30), timedelta(minutes=30)


class Base(DeclarativeBase):
    """What the models share."""


class Employer(Base):
    """Of identity."""

    __tablename__ = "employers"
    siret: Mapped[str] = mapped_column(primary_key=True)
    legal_name: Mapped[str]
    contact_email: Mapped[str]


class Account(Base):
    """Of identity."""

    __tablename__ = "accounts"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    state: Mapped[str]
    identifier: Mapped[str]


class Funder(Base):
    """Of identity: the contact block."""

    __tablename__ = "employer_funders"
    siret: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    contact: Mapped[dict[str, Any]] = mapped_column(JSON)
    heard_at: Mapped[datetime]


class LiveSession(Base):
    """Of identity."""

    __tablename__ = "sessions"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    token_hash: Mapped[str]
    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    siret: Mapped[str] = mapped_column(ForeignKey("employers.siret"))
    last_seen_at: Mapped[datetime]
    idle_expires_at: Mapped[datetime]
    absolute_expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    account: Mapped[Account] = relationship(lazy="raise")
    employer: Mapped[Employer] = relationship(lazy="raise")


class Payment(Base):
    """Of payments, with the names that the templates know."""

    __tablename__ = "payments"
    payment_number: Mapped[str] = mapped_column(primary_key=True)
    siret: Mapped[str]
    state: Mapped[str]
    dossier_number: Mapped[str]
    last_name: Mapped[str] = mapped_column("beneficiary_last_name")
    first_name: Mapped[str] = mapped_column("beneficiary_first_name")
    training_title: Mapped[str]
    amount: Mapped[Decimal]
    paid_hours: Mapped[Decimal]
    spans: Mapped[list[dict[str, str]]] = mapped_column("periods", JSON)
    paid_on: Mapped[date]
    transfer_reference: Mapped[str]
    transfer_key: Mapped[str]
    corrects: Mapped[str | None]
    cancelled_on: Mapped[date | None]
    cancellation_reason: Mapped[str | None]
    ticked_at: Mapped[datetime | None]
    ticked_by_name: Mapped[str | None]
    untick_reason: Mapped[str | None]
    recorded_at: Mapped[datetime]
    stated_at: Mapped[datetime | None]
    transfer_amount = Decimal(0)
    transfer_count = 1

    @property
    def beneficiary(self) -> "Payment":
        """Has the names."""
        return self

    @property
    def tick(self) -> SimpleNamespace | None:
        """Who and when."""
        return SimpleNamespace(at=self.ticked_at, by=self.ticked_by_name) if self.ticked_at else None

    @property
    def periods(self) -> list[SimpleNamespace]:
        """First and last days."""
        days = date.fromisoformat
        return [SimpleNamespace(start=days(one["start"]), end=days(one["end"])) for one in self.spans]


def _sessions_of(service: str) -> sessionmaker[Session]:
    url = make_url(json.loads(os.environ["BENCH_DATABASES"])[service]).set(drivername="postgresql+psycopg")
    return sessionmaker(create_engine(url, pool_size=8, connect_args={"options": "-c timezone=UTC"}))


application = flask.Flask(__name__)
templates = environment(read_manifest())
of_identity, of_payments = _sessions_of("identity"), _sessions_of("payments")


@application.get("/reglements")
def show_payments() -> flask.Response:
    """The first page of the list."""
    token = flask.request.cookies.get("session", "")
    search = read_search(flask.request.args)
    with of_identity() as identity, of_payments() as payments:
        live, funder = _visitor(identity, token)
        if live is None:
            return flask.make_response(("", 303, {"Location": "/connexion"}))
        listed = _page(payments, live.siret)
        body = templates.get_template("payments.html").render(
            **_frame(live, funder, token),
            tab="reglements",
            search=search,
            cursor="",
            months=months_of(listed),
            sentence=sentence,
            totals=listed.totals,
            everything=listed.totals,
            unfiltered_count=listed.unfiltered_count,
            seen_until=listed.seen_until,
            next_link=search.link(curseur=listed.next_cursor) if listed.next_cursor else "",
            awaited_export=None,
            presets=presets(search, french.today()),
            filters=active_filters(search),
        )
    return flask.make_response(body)


def _visitor(database: Session, token: str) -> tuple[LiveSession | None, Funder | None]:
    now = datetime.now(UTC)
    live = database.scalar(
        select(LiveSession)
        .options(joinedload(LiveSession.account), joinedload(LiveSession.employer))
        .where(LiveSession.token_hash == sha256(token.encode()).hexdigest(), LiveSession.ended_at.is_(None))
        .where(LiveSession.idle_expires_at > now, LiveSession.absolute_expires_at > now)
    )
    if live is None or live.account.state != "active":
        return None, None
    if now - live.last_seen_at > TOUCH_EVERY:
        live.last_seen_at, live.idle_expires_at = now, now + IDLE
    newest = select(Funder).where(Funder.siret == live.siret).order_by(Funder.heard_at.desc()).limit(1)
    funder = database.scalar(newest)
    database.commit()
    database.refresh(live, ["account", "employer"])
    return live, funder


def _frame(live: LiveSession, funder: Funder | None, token: str) -> dict[str, Any]:
    contact = {"name": "", "email": "", "phone": ""} | (funder.contact if funder else {})
    session = {"siret": live.siret, "legal_name": live.employer.legal_name, "account_id": live.account_id}
    ends = {"idle_expires_at": live.idle_expires_at, "absolute_expires_at": live.absolute_expires_at}
    return {
        "session": SimpleNamespace(**session, **ends),
        "csrf": csrf_token(token),
        "funder": contact,
        "inside": True,
        "said": {"kind": ""},
        "path": "/reglements",
    }


def _page(database: Session, siret: str) -> SimpleNamespace:
    months = _months(database, siret)
    mine = select(Payment).where(Payment.siret == siret, Payment.state != "awaited")
    ordered = mine.order_by(Payment.paid_on.desc(), Payment.dossier_number, Payment.payment_number)
    found = list(database.scalars(ordered.limit(PAGE + 1)))
    more, found = len(found) > PAGE, found[:PAGE]
    _add_transfers(database, siret, found)
    shown = {f"{one.paid_on:%Y-%m}" for one in found}
    return SimpleNamespace(
        payments=found,
        months=[month for month in months if month.month in shown],
        totals=_totals(months),
        unfiltered_count=sum(month.lines for month in months),
        seen_until=max((month.seen_until for month in months), default=None),
        next_cursor=f"{found[-1].paid_on}/{found[-1].dossier_number}" if more else None,
    )


def _months(database: Session, siret: str) -> list[SimpleNamespace]:
    current, ticked = Payment.state == "current", Payment.ticked_at.is_not(None)
    month = func.to_char(Payment.paid_on, "YYYY-MM").label("month")
    rows = database.execute(
        select(
            month,
            func.count().label("lines"),
            func.count().filter(current).label("count"),
            func.coalesce(func.sum(Payment.amount).filter(current), 0).label("amount"),
            func.count().filter(current, ticked).label("ticked_count"),
            func.coalesce(func.sum(Payment.amount).filter(current, ticked), 0).label("ticked_amount"),
            func.max(func.coalesce(Payment.stated_at, Payment.recorded_at)).label("seen_until"),
        )
        .where(Payment.siret == siret, Payment.state != "awaited")
        .group_by(month)
    )
    return [SimpleNamespace(**row._mapping, left_count=row.count - row.ticked_count) for row in rows]


def _totals(months: Sequence[SimpleNamespace]) -> SimpleNamespace:
    def summed(name: str) -> Any:
        return sum((getattr(month, name) for month in months), Decimal(0) if name.endswith("amount") else 0)

    values = {name: summed(name) for name in ("amount", "count", "ticked_amount", "ticked_count")}
    left = {f"left_{name}": values[name] - values[f"ticked_{name}"] for name in ("amount", "count")}
    return SimpleNamespace(**values, **left)


def _add_transfers(database: Session, siret: str, found: Sequence[Payment]) -> None:
    rows = database.execute(
        select(Payment.transfer_key, func.sum(Payment.amount), func.count())
        .where(Payment.siret == siret, Payment.state == "current")
        .where(Payment.transfer_key.in_({one.transfer_key for one in found}))
        .group_by(Payment.transfer_key)
    )
    transfers = {key: (amount, count) for key, amount, count in rows}
    for one in found:
        one.transfer_amount, one.transfer_count = transfers.get(one.transfer_key, (Decimal(0), 0))
