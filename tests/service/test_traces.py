"""One trace from a click, and from a funder's event, to the mail that it causes."""

import json
import os
import re
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import kombu
import psycopg
import pytest
from psycopg import sql

from gateway.security import csrf_token
from tests.journeys.outside import Mailbox, new_siret
from tests.service.conftest import urls_of
from tests.service.stack import stack
from tests.service.tracing_processes import Collector, Span, TracedPortal, drawn
from tests.service.waiting import wait_until

FUNDERS_TRACE, CLICK = "f0" * 16, "c1" * 16


@pytest.fixture
def traced(migrated: Callable[[str], str], tmp_path: Path) -> Iterator[tuple[TracedPortal, Collector]]:
    """The two processes and the collector."""
    admin = stack()["migrate"]["OPS_POSTGRES_URL"]
    name = f"{migrated('identity')}_traces"
    statement = sql.SQL("create database {} template {} owner identity_owner")
    with psycopg.connect(admin, autocommit=True) as server:
        server.execute(statement.format(sql.Identifier(name), sql.Identifier(migrated("identity"))))
    with Collector() as collector, TracedPortal(tmp_path, urls_of("identity", name), collector.endpoint) as portal:
        yield portal, collector
    with psycopg.connect(admin, autocommit=True) as server:
        server.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


def open_account(portal: TracedPortal, siret: str, address: str) -> None:
    data = {
        "employer": {"siret": siret, "legal_name": "Clinique des Traces", "contact_email": address},
        "dossier": {
            "dossier_number": f"19GE{siret}",
            "beneficiary": {"last_name": "MARTIN", "first_name": "Audrey"},
            "training_title": "INFIRMIER BLOC OPERATOIRE",
            "training_provider": "Institut de formation A",
            "period": {"start": "2019-09-02", "end": "2020-06-30"},
        },
        "funder": {
            "name": "Transitions Pro",
            "email": "contact@transitionspro-ge.example",
            "phone": "+33 3 00 00 00 00",
        },
    }
    event = {
        "specversion": "1.0",
        "id": siret,
        "source": "urn:test:traces",
        "type": "FundingRequestReceived.v1",
        "time": "2026-01-01T00:00:00Z",
        "traceparent": f"00-{FUNDERS_TRACE}-{'e2' * 8}-01",
        "data": data,
    }
    with kombu.Connection(portal.funder_amqp, transport_options={"confirm_publish": True}) as connection:
        kombu.Producer(connection.channel()).publish(
            event, exchange="funder.events", routing_key=event["type"], serializer="json", delivery_mode=2
        )


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


def ask(address: str, body: bytes, **headers: str) -> Any:
    """The answer to a POST, whatever its status."""
    sent = urllib.request.Request(
        address, data=body, headers={name.replace("_", "-"): value for name, value in headers.items()}
    )
    try:
        return urllib.request.build_opener(NoRedirect).open(sent, timeout=20)
    except HTTPError as error:
        return error


def choose_own_credentials(portal: TracedPortal, given: tuple[str, str]) -> Any:
    """Log in with the mailed credentials and click « Valider » in the wizard; the answer to the click."""
    login = json.dumps({"identifier": given[0], "password": given[1]}).encode()
    opened = ask(f"{portal.address}/api/v1/session", login, Content_Type="application/json")
    assert opened.status == 201, opened.read()
    token = re.search(r"session=([^;]+)", opened.headers["Set-Cookie"])
    assert token
    form = {
        "csrf": csrf_token(token[1]),
        "identifiant": f"paie.{token[1][:6]}",
        "mot-de-passe": "Journal&de-paie",
    }
    return ask(
        f"{portal.address}/premiere-connexion",
        urllib.parse.urlencode(form).encode(),
        Cookie=f"session={token[1]}",
        traceparent=f"00-{CLICK}-{'d3' * 8}-01",
    )


def steps(spans: list[Span]) -> list[str]:
    return [f"{span.process}: {span.name}" for span in spans]


def test_one_trace_goes_from_the_cause_to_the_mail(traced: tuple[TracedPortal, Collector]) -> None:
    portal, collector = traced
    mailbox, siret = Mailbox(stack()["mailbox"]), new_siret()
    address = f"rh-{siret}@traces.example"
    open_account(portal, siret, address)
    assert choose_own_credentials(portal, mailbox.provisional(address)).status == 303
    mailed, clicked = "identity: mail identifier_change", "gateway: POST /premiere-connexion"
    wait_until(lambda: {mailed, clicked} <= set(steps(collector.of(CLICK))), seconds=20, what="the click's and mail's")
    event, click = collector.of(FUNDERS_TRACE), collector.of(CLICK)
    kept = Path(os.environ["ESPACE_TEST_STACK"]).parent / "traces.txt"  # for people to read
    kept.write_text(f"{drawn(event)}\n\n{drawn(click)}\n", encoding="utf-8")
    assert steps(event) == [
        "identity: handle identity.FundingRequestReceived.v1",
        "identity: publish AccountCreated.v1",
        "identity: handle identity.AccountCreated.v1",
        "identity: mail provisional_credentials",
        "identity: publish ProvisionalCredentialsSent.v1",
    ]
    assert {"gateway: identity.personalise", "identity: identity.personalise", mailed} <= set(steps(click))
    assert all(span.parent_id for span in (*event, *click)), "each has a cause, the first the caller's"
    logged = [json.loads(line) for line in portal.log("identity").read_text().splitlines() if line.startswith("{")]
    assert {"mail_sent"} == {line["event"] for line in logged if line.get("trace_id") == CLICK}
    assert not re.search(r"Journal&de-paie|@traces\.example|paie\.", str([span.facts for span in collector.spans]))
