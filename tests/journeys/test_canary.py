"""K34: after journeys through everything with unique secrets, they are nowhere but in the mails themselves."""

import base64
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
from playwright.sync_api import APIRequestContext, Page, expect
from psycopg import sql

from tests.journeys.conftest import finish_first_login, log_in
from tests.journeys.outside import LONGEST_WAIT, Employer, FunderSystem, Mailbox
from tests.journeys.test_chapter_2_forgotten import ask_for_link, fill, reset_path, save, tick_the_robot_box
from tests.journeys.test_chapters_4_and_5_documents import pdf
from tests.service.waiting import wait_until

FOLDERS = ("log", "rabbitmq", "postgres", "objectstore")
TABLES = "select format('%I.%I', schemaname, tablename) from pg_tables where schemaname = 'public'"
CODE = r"Code\s*: (\S+)"


def spelled(secret: str) -> Iterator[bytes]:
    """The secret in clear, as base64 and as hexadecimal digits."""
    yield secret.encode()
    yield base64.b64encode(secret.encode()).rstrip(b"=")
    yield secret.encode().hex().encode()


def in_files(wanted: dict[str, str]) -> set[tuple[str, str]]:
    """Which secret is in which file of servers and processes: data, metadata, write-ahead log, dead letters, logs."""
    root = Path(os.environ["ESPACE_TEST_STACK"]).parent
    spellings = [(name, spelling) for name, secret in wanted.items() for spelling in spelled(secret)]
    found = set()
    for folder in FOLDERS:
        for path in (root / folder).rglob("*"):
            content = _content(path)
            found |= {(name, str(path.relative_to(root))) for name, spelling in spellings if spelling in content}
    return found


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes() if path.is_file() else b""
    except FileNotFoundError:  # a server has just dropped it
        return b""


def in_tables(stack: dict[str, Any], wanted: dict[str, str]) -> set[tuple[str, str]]:
    """Which secret is in which table of all services, in a text or in a binary column."""
    found = set()
    for service, url in stack["databases"].items():
        with psycopg.connect(url) as connection:
            for (table,) in connection.execute(TABLES).fetchall():
                dump = "".join(_rows(connection, table))
                found |= {
                    (name, f"{service} {table}")
                    for name, secret in wanted.items()
                    if any(spelling.decode() in dump for spelling in spelled(secret))
                }
    return found


def _rows(connection: psycopg.Connection[Any], table: str) -> Iterator[str]:
    rows = connection.execute(sql.SQL("select t::text from {} t").format(sql.SQL(table)))  # type: ignore[arg-type]
    return (row for (row,) in rows)


def in_mails(mailbox: Mailbox, wanted: dict[str, str]) -> dict[str, int]:
    """In how many mails of the archive each secret is, sources and all."""
    sources = list(mailbox.sources())
    return {name: sum(secret in source for source in sources) for name, secret in wanted.items()}


def use_the_space(browser: APIRequestContext, employer: Employer) -> str:
    """A tick, an export, a deposit and its download, as a program of the employer would; the anti-forgery token."""
    csrf: str = browser.get("/api/v1/session").json()["csrf_token"]
    headers = {"X-CSRF-Token": csrf}
    assert browser.put(f"/api/v1/payments/{employer.number('806112')}/tick", headers=headers).ok
    assert browser.post("/api/v1/payments/exports", headers=headers, data={}).ok
    content = pdf("RIB")
    wanted = {"category": "bank_details", "file_name": "rib.pdf", "size": len(content)}
    begun = browser.post("/api/v1/documents", headers=headers, data=wanted).json()
    sent = browser.put(begun["content"], headers=headers, data=content)
    assert sent.ok
    assert browser.get(f"/api/v1/documents/{sent.json()['document_id']}/content").body() == content
    return csrf


def test_k34_secrets_are_nowhere_but_in_the_mail(
    page: Page, employer: Employer, mailbox: Mailbox, funder: FunderSystem, stack: dict[str, Any]
) -> None:
    funder.pay(employer)
    dead_letter = f"unreadable-{secrets.token_hex(12)}"
    (buried,) = funder.publish("PaymentIssued.v1", {"siret": employer.siret, "payment_number": dead_letter})
    wanted = {"changed": f"Canari&{secrets.token_hex(12)}"}
    employer.password = wanted["own"] = f"Canari&{secrets.token_hex(12)}"
    _identifier, wanted["provisional"] = mailbox.provisional(employer.address)
    finish_first_login(page, employer, mailbox)
    wanted["confirmation link"] = mailbox.confirmation_path(employer.address).rpartition("/")[2]
    wanted["first cookie"] = session_cookie(page)
    ask_for_another_address(page, employer)
    found = mailbox.wait_for(f"paie-{employer.address}", r"https?://[^/\s]+(/adresse/\S+)")[0].group(1)
    wanted["address link"] = found.rpartition("/")[2]
    page.context.clear_cookies()
    ask_for_link(page, employer.identifier)
    path = reset_path(mailbox, employer.address)
    wanted["reset link"] = path.rpartition("/")[2]
    page.goto(path)
    page.get_by_text("La case ne répond pas ?").click()
    page.get_by_role("button", name="Recevoir un code par mail").click()
    wanted["code"] = mailbox.wait_for(employer.address, CODE)[0].group(1)
    fill(page, employer.identifier, wanted["changed"], wanted["changed"])
    tick_the_robot_box(page)
    save(page)
    log_in(page, employer.identifier, wanted["changed"])
    expect(page.get_by_role("heading", name="Bonjour")).to_be_visible()
    wanted["second cookie"] = session_cookie(page)
    wanted["anti-forgery token"] = use_the_space(page.context.request, employer)

    wait_until(lambda: is_buried(stack, buried), seconds=LONGEST_WAIT, what="the burial")
    # the searches work: what is no secret is found by them, in tables, data folders and dead letters
    plain = {"identifier": employer.identifier, "dead letter": dead_letter}
    tables, files = in_tables(stack, wanted | plain), in_files(wanted | plain)
    assert [hit for hit in tables | files if hit[0] in wanted] == []
    assert ("identifier", "identity public.accounts") in tables
    assert any(name == "identifier" and place.startswith("postgres/") for name, place in files)
    assert any(name == "dead letter" and place.startswith("rabbitmq/") for name, place in files)
    once = {"provisional", "confirmation link", "address link", "reset link", "code"}
    assert in_mails(mailbox, wanted) == {name: int(name in once) for name in wanted}


def is_buried(stack: dict[str, Any], event_id: str) -> bool:
    """Whether payments has given the event up, which then is a dead letter."""
    with psycopg.connect(stack["databases"]["payments"]) as connection:
        return connection.execute("select from burials where event_id = %s", (event_id,)).rowcount == 1


def session_cookie(page: Page) -> str:
    """The token of the session that this browser has."""
    (token,) = [one["value"] for one in page.context.cookies() if one.get("name") == "session"]
    return token


def ask_for_another_address(page: Page, employer: Employer) -> None:
    """« Changer l’adresse de contact », left unconfirmed."""
    page.goto("/compte/adresse")
    page.get_by_label("Nouvelle adresse mail").fill(f"paie-{employer.address}")
    page.get_by_label("Votre mot de passe").fill(employer.password)
    page.get_by_role("button", name="Recevoir le lien").click()
    expect(page.get_by_role("status").filter(has_text="Un lien vient de partir")).to_be_visible()
