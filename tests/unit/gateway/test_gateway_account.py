"""« Mon compte »: own sessions, the journal (K16, K35)."""

import re
from datetime import date
from uuid import uuid5

from espace_contracts import errors, identity
from fake_bus import SPACE, FakeBus
from starlette.testclient import TestClient

from gateway.account_list import browser_of

PHONE = uuid5(SPACE, "phone")


def test_k16_own_sessions_are_listed_by_browser_and_only_others_can_be_closed(member: TestClient) -> None:
    page = member.get("/compte").text
    assert "Firefox sur Windows" in page
    assert "Chrome sur Android" in page
    assert page.count("Celle-ci") == 1
    assert f'action="/compte/sessions/{PHONE}/fermer"' in page
    assert page.count("/fermer") == 2
    assert "Déconnecter partout" in page


def test_k16_the_login_before_this_one_is_shown(member: TestClient) -> None:
    assert "Dernière connexion le 12/12/2019\xa0à\xa009:08" in member.get("/accueil").text
    assert re.search(r"Connexion précédente</dt>\s*<dd>\s*12/12/2019\xa0à\xa009:08", member.get("/compte").text)


def test_k16_one_session_or_all_others_are_closed(member: TestClient, csrf: str, bus: FakeBus) -> None:
    one = member.post(f"/compte/sessions/{PHONE}/fermer", data={"csrf": csrf})
    others = member.post("/compte/sessions/fermer", data={"csrf": csrf})
    assert [answer.headers["location"] for answer in (one, others)] == ["/compte", "/compte"]
    assert [asked.session_id for asked in bus.asked(identity.END_SESSIONS)] == [PHONE, None]
    assert "Vos autres sessions sont fermées." in member.get("/compte").text
    assert member.post("/compte/sessions/fermer", data={"csrf": "x"}).status_code == 403


def test_a_session_that_is_over_already_counts_as_closed(member: TestClient, csrf: str, bus: FakeBus) -> None:
    bus.refuse(identity.END_SESSIONS, errors.NotFound())
    assert member.post(f"/compte/sessions/{PHONE}/fermer", data={"csrf": csrf}).status_code == 303


def test_k35_the_journal_counts_what_was_done_together(member: TestClient) -> None:
    for address in ("/compte", "/compte/journal"):
        page = member.get(address).text
        assert "3 règlements pointés" in page
        assert "Connexion refusée" in page


def test_the_daily_mail_is_switched_off_and_on(member: TestClient, csrf: str, bus: FakeBus) -> None:
    assert "Ne plus recevoir ce mail" in member.get("/compte").text
    member.post("/compte/mails", data={"csrf": csrf, "arreter": "oui"})
    page = member.get("/compte").text
    assert "Vous ne recevrez plus de mail quand des règlements arrivent." in page
    assert "Recevoir ce mail" in page
    member.post("/compte/mails", data={"csrf": csrf, "recevoir": "oui"})
    assert [asked.payment_mails for asked in bus.asked(identity.SET_PREFERENCES)] == [False, True]
    assert member.post("/compte/mails", data={"csrf": "x", "arreter": "oui"}).status_code == 403


def test_an_unknown_browser_is_not_guessed_at() -> None:
    assert browser_of("curl/8.5") == ("", "")
    assert browser_of("Mozilla/5.0 (Windows NT 10.0) Chrome/120 Safari/537 Edg/120") == ("Edge", "Windows")


def test_k35_the_journal_is_read_by_period(member: TestClient, bus: FakeBus) -> None:
    page = member.get("/compte/journal?du=01/12/2019&au=31/12/2019")
    asked = bus.asked(identity.READ_JOURNAL)[-1]
    assert (asked.start, asked.end) == (date(2019, 12, 1), date(2019, 12, 31))
    assert 'value="01/12/2019"' in page.text
    wrong = member.get("/compte/journal?du=hier")
    assert wrong.status_code == 422
    assert "Saisissez une date" in wrong.text
    assert bus.asked(identity.READ_JOURNAL)[-1].start is None


def test_s21_changing_the_password_is_the_way_of_the_forgotten_one(member: TestClient) -> None:
    assert (
        '<a class="btn btn-quiet" href="/mot-de-passe-oublie">Changer le mot de passe</a>' in member.get("/compte").text
    )
