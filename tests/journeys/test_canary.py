"""K34: after a first login and a reset with unique secrets, they are nowhere but in the mails themselves."""

import base64
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
from playwright.sync_api import Page, expect
from psycopg import sql

from tests.journeys.conftest import finish_first_login, log_in
from tests.journeys.outside import Employer, Mailbox
from tests.journeys.test_chapter_2_forgotten import ask_for_link, fill, reset_path, save, tick_the_robot_box

FOLDERS = ("log", "rabbitmq", "postgres", "objectstore")
TABLES = "select format('%I.%I', schemaname, tablename) from pg_tables where schemaname = 'public'"


def spelled(secret: str) -> Iterator[bytes]:
    """The secret in clear, as base64 and as hexadecimal digits."""
    yield secret.encode()
    yield base64.b64encode(secret.encode()).rstrip(b"=")
    yield secret.encode().hex().encode()


def in_files(secret: str) -> list[str]:
    """The files of servers and processes (data, write-ahead log, dead letters, logs) that hold the secret."""
    root = Path(os.environ["ESPACE_TEST_STACK"]).parent
    found = []
    for folder in FOLDERS:
        for path in (root / folder).rglob("*"):
            if path.is_file() and any(spelling in _content(path) for spelling in spelled(secret)):
                found.append(str(path.relative_to(root)))
    return found


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:  # a server has just dropped it
        return b""


def in_tables(stack: dict[str, Any], secret: str) -> list[str]:
    """The tables of all services of which some row holds the secret."""
    found = []
    for service, url in stack["databases"].items():
        with psycopg.connect(url) as connection:
            for (name,) in connection.execute(TABLES).fetchall():
                query = sql.SQL("select count(*) from {} t where t::text like any(%s)").format(sql.SQL(name))
                likes = [f"%{spelling.decode()}%" for spelling in spelled(secret)]
                (count,) = connection.execute(query, (likes,)).fetchone() or (0,)
                found += [f"{service} {name}"] * bool(count)
    return found


def test_k34_secrets_are_nowhere_but_in_the_mail(
    page: Page, employer: Employer, mailbox: Mailbox, stack: dict[str, Any]
) -> None:
    changed = f"Canari&{secrets.token_hex(12)}"
    _identifier, provisional = mailbox.provisional(employer.address)
    finish_first_login(page, employer, mailbox)
    confirmation = mailbox.confirmation_path(employer.address).rpartition("/")[2]
    (first_cookie,) = [one["value"] for one in page.context.cookies() if one["name"] == "session"]
    page.context.clear_cookies()
    ask_for_link(page, employer.identifier)
    path = reset_path(mailbox, employer.address)
    page.goto(path)
    fill(page, employer.identifier, changed, changed)
    tick_the_robot_box(page)
    save(page)
    log_in(page, employer.identifier, changed)
    expect(page.get_by_role("heading", name="Bonjour")).to_be_visible()
    (second_cookie,) = [one["value"] for one in page.context.cookies() if one["name"] == "session"]

    kept = (provisional, employer.password, changed, confirmation, path.rpartition("/")[2], first_cookie, second_cookie)
    for place, secret in enumerate(kept):
        assert in_tables(stack, secret) == [], place
        assert in_files(secret) == [], place
    # The search itself works: what is no secret is found by it.
    assert "identity public.accounts" in in_tables(stack, employer.identifier)
    assert any(name.startswith("postgres/") for name in in_files(employer.identifier))
