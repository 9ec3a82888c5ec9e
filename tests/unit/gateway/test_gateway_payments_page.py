"""The tab Règlements as it is drawn and ticked (S23 to S33)."""

import html
import re
from datetime import timedelta

import pytest
from espace_contracts import payments as api
from fake_bus import AUDREY, NOW, FakeBus, payment
from starlette.testclient import TestClient


def words_of(page: str) -> str:
    """A page's visible words on one line, with ordinary spaces."""
    text = re.sub(r"<(script|style).*?</\1>|<[^>]+>", " ", page, flags=re.DOTALL)
    return re.sub(r"\s+", " ", html.unescape(text).replace("\u00a0", " ").replace("\u202f", " "))


def test_s25_s26_s27_the_guides_screen(member: TestClient) -> None:
    words = words_of(member.get("/reglements").text)
    for said in (
        "décembre 2019 5 529,88 €",
        "novembre 2019 6 109,26 €",
        "octobre 2019 18 121,01 €",
        "DUPUIS Audrey - INFIRMIER BLOC OPERATOIRE",
        "Règlement n°803455 - 151,67 heures payées - Période du 01/09/2019 au 30/09/2019",
        "Total 29 760,15 €",
        "0 sur 8 pointés",
    ):
        assert said in words
    assert re.search(r"11 déc\. 19GE00565 .*?2 764,94 €", words)


def test_the_first_page_costs_two_calls_with_the_session(member: TestClient, bus: FakeBus) -> None:
    member.get("/reglements")
    assert [name for name, _ in bus.calls] == ["check_session", "list_payments"]


def test_s30_the_search_reaches_the_service_and_stays_in_the_form(member: TestClient, bus: FakeBus) -> None:
    page = member.get("/reglements?du=01/10/2019&q=18RCDI&pointe=non").text
    asked = bus.asked(api.LIST_PAYMENTS)[0].search
    assert (asked.text, asked.ticked, asked.paid_from.isoformat()) == ("18RCDI", False, "2019-10-01")
    assert 'value="18RCDI"' in page
    assert 'value="01/10/2019"' in page
    assert "/reglements/export.xlsx?du=01%2F10%2F2019&amp;q=18RCDI&amp;pointe=non" in page


def test_s30_a_date_that_is_none_is_said_beside_its_field(member: TestClient, bus: FakeBus) -> None:
    answer = member.get("/reglements?du=31/02/2019&q=19GE")
    assert answer.status_code == 422
    assert "Saisissez une date comme 11/12/2019." in answer.text
    assert 'value="19GE"' in answer.text
    assert not bus.asked(api.LIST_PAYMENTS)


def test_empty_states_say_why(member: TestClient, bus: FakeBus) -> None:
    assert "Aucun règlement ne correspond" in member.get("/reglements?q=806999").text
    assert "Tout est pointé" not in member.get("/reglements").text
    bus.payments = ()
    assert "Aucun règlement pour le moment" in member.get("/reglements").text


def test_s32_a_tick_answers_what_it_changes(member: TestClient, csrf: str, bus: FakeBus) -> None:
    form = {"csrf": csrf, "seul": "803455", "pointe": ["803455", "806112"]}
    answer = member.post("/reglements/pointage?mois=2019-10", data=form, headers={"HX-Request": "true"})
    assert answer.status_code == 200
    assert set(bus.ticks) == {"803455"}
    words = words_of(answer.text)
    assert "Reste à pointer 25 933,52 €" in words
    assert "Règlement n° 803455 pointé." in words
    assert "Pointé par paie.tilleuls le 12/12/2019 à 09:08" in words
    assert 'hx-target="#mois-2019-10"' in answer.text
    gone = {"csrf": csrf, "seul": "803455"}
    member.post("/reglements/pointage?mois=2019-10", data=gone, headers={"HX-Request": "true"})
    assert not bus.ticks


def test_s32_without_script_only_differences_are_sent(member: TestClient, csrf: str, bus: FakeBus) -> None:
    bus.ticks = {"806113": api.Tick(at="2019-12-12T08:00:00Z", by="C. Roussel")}
    form = {"csrf": csrf, "etait": ["803455"], "pointe": ["806112"]}
    answer = member.post("/reglements/pointage?q=19", data=form)
    assert answer.headers["location"] == "/reglements?q=19"
    assert set(bus.ticks) == {"806112", "806113"}  # what a colleague ticked meanwhile is left alone
    assert [one.payment_numbers for one in bus.asked(api.UNTICK_PAYMENTS)] == [("803455",)]


def test_s32_a_month_is_ticked_at_once_within_the_search(member: TestClient, csrf: str, bus: FakeBus) -> None:
    member.post("/reglements/pointage?q=18RCDI", data={"csrf": csrf, "mois": "2019-10"})
    assert set(bus.ticks) == {"803455", "803090"}


def batch_in(page: str) -> str:
    """The batch that a page offers to undo."""
    (batch,) = re.findall(r'name="lot"\s+value="([^"]+)"', page)
    return batch


def test_s32_all_of_the_search_is_ticked_by_one_call_and_can_be_undone(
    member: TestClient, csrf: str, bus: FakeBus
) -> None:
    assert "Pointer les 8 qui restent" in words_of(member.get("/reglements").text)
    bus.ticks = {"803455": api.Tick(at="2019-12-12T08:00:00Z", by="C. Roussel")}
    answer = member.post("/reglements/pointage?q=18RCDI&pointe=non&curseur=abc", data={"csrf": csrf, "tout": "oui"})
    assert answer.headers["location"] == "/reglements?q=18RCDI&pointe=non&curseur=abc"
    (asked,) = bus.asked(api.TICK_PAYMENTS)
    assert (asked.search.text, asked.search.ticked, asked.payment_numbers) == ("18RCDI", None, ())
    assert set(bus.ticks) == {"803455", "803090"}
    member.post("/reglements/pointage", data={"csrf": csrf, "tout": "oui"})
    page = member.get("/reglements").text
    assert "6 règlements pointés. Annuler" in words_of(page)
    member.post("/reglements/pointage", data={"csrf": csrf, "lot": batch_in(page)})
    assert set(bus.ticks) == {"803455", "803090"}
    assert "Pointage de 6 règlements retiré." in words_of(member.get("/reglements").text)


def test_s32_with_script_the_list_is_drawn_again_and_the_undo_stands_beside(
    member: TestClient, csrf: str, bus: FakeBus
) -> None:
    script = {"HX-Request": "true"}
    answer = member.post("/reglements/pointage?q=18RCDI", data={"csrf": csrf, "mois": "2019-10"}, headers=script)
    for target in ("#resultats", "#pointage", "#combien", "#etat"):
        assert f'hx-target="{target}"' in answer.text
    assert "2 règlements pointés. Annuler" in words_of(answer.text)
    assert "<html" not in answer.text
    undone = member.post(
        "/reglements/pointage?q=18RCDI", data={"csrf": csrf, "lot": batch_in(answer.text)}, headers=script
    )
    assert not bus.ticks
    assert "Pointage de 2 règlements retiré." in words_of(undone.text)


def test_s32_only_what_the_list_showed_is_ticked_and_the_rest_is_said(
    member: TestClient, csrf: str, bus: FakeBus
) -> None:
    assert f'name="vu" value="{NOW.isoformat()}"' in member.get("/reglements").text
    for seen, newer in ((NOW, False), (NOW - timedelta(minutes=1), True)):
        form = {"csrf": csrf, "mois": "2019-10", "vu": seen.isoformat()}
        member.post("/reglements/pointage", data=form)
        assert bus.asked(api.TICK_PAYMENTS)[-1].seen_until == seen
        said = words_of(member.get("/reglements").text)
        assert ("1 règlement arrivé entre-temps n’a pas été pointé." in said) is newer
    assert member.post("/reglements/pointage", data={"csrf": csrf, "tout": "oui", "vu": "hier"}).status_code == 422


def test_s32_what_was_ticked_meanwhile_is_said(member: TestClient, csrf: str, bus: FakeBus) -> None:
    bus.ticks = {one.payment_number: api.Tick(at="2019-12-12T08:00:00Z", by="C. Roussel") for one in bus.payments}
    member.post("/reglements/pointage", data={"csrf": csrf, "tout": "oui"})
    assert "Rien n’était plus à changer." in words_of(member.get("/reglements").text)
    assert member.post("/reglements/pointage", data={"csrf": csrf, "lot": "x"}).status_code == 422


def test_s32_a_month_outside_the_search_is_refused(member: TestClient, csrf: str, bus: FakeBus) -> None:
    form = {"csrf": csrf, "mois": "2019-10"}
    assert member.post("/reglements/pointage?du=01/11/2019", data=form).status_code == 422
    assert not bus.ticks


def test_s32_a_tick_can_be_taken_back_from_the_sentence_that_tells_of_it(
    member: TestClient, csrf: str, bus: FakeBus
) -> None:
    member.post("/reglements/pointage", data={"csrf": csrf, "pointe": "803455"})
    page = member.get("/reglements").text
    assert "Règlement n° 803455 pointé." in words_of(page)
    assert re.search(r'name="retirer"\s+value="803455"', page)
    assert "803455 pointé." not in words_of(member.get("/reglements").text)
    member.post("/reglements/pointage", data={"csrf": csrf, "retirer": "803455"})
    assert not bus.ticks


def test_k17_a_tick_wants_the_token(member: TestClient, bus: FakeBus) -> None:
    assert member.post("/reglements/pointage", data={"pointe": "803455"}).status_code == 403
    assert not bus.ticks


def test_an_unknown_payment_cannot_be_ticked(member: TestClient, csrf: str) -> None:
    assert member.post("/reglements/pointage", data={"csrf": csrf, "pointe": "999"}).status_code == 404
    assert member.post("/reglements/pointage", data={"csrf": csrf, "mois": "2019-13"}).status_code == 422


def test_a_cancelled_payment_is_struck_through_without_tick(member: TestClient, bus: FakeBus) -> None:
    gone = payment(
        "804900", "2019-11-28", "19GE00565", AUDREY, "-102.30",
        state="cancelled", cancelled_on="2019-12-02", cancellation_reason="Virement rejeté <b>par la banque</b>",
    )  # fmt: skip
    bus.payments = (gone,)
    page = member.get("/reglements").text
    assert 'class="line void"' in page
    assert 'value="804900"' not in page
    assert "Annulé le 02/12/2019 : Virement rejeté" in words_of(page)
    assert "<b>par la banque</b>" not in page


def test_a_negative_payment_leads_to_what_it_corrects(member: TestClient, bus: FakeBus) -> None:
    over = payment("804901", "2019-11-28", "19GE00565", AUDREY, "-102.30", corrects="803102")
    bus.payments = (over,)
    page = member.get("/reglements").text
    assert "Trop-perçu du règlement n° 803102" in words_of(page)
    assert 'href="/reglements?q=803102"' in page
    assert "−102,30 €" in words_of(page)


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("amount", "Pointage retiré : le montant a été corrigé"),
        ("paid_on", "Pointage retiré : la date de paiement a été corrigée"),
        ("amount,paid_on", "Pointage retiré : le montant et la date de paiement ont été corrigés"),
        ("unheard_of", "Pointage retiré : le règlement a été corrigé"),
    ],
)
def test_s32_why_a_tick_has_fallen_is_said_in_french(member: TestClient, bus: FakeBus, reason: str, said: str) -> None:
    bus.payments = (payment("804902", "2019-11-28", "19GE00565", AUDREY, "1.00", untick_reason=reason),)
    assert said in words_of(member.get("/reglements").text)


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"q": "' or 1=1; drop table payments; --"}, 200),
        ({"q": "%_*?[a-z]"}, 200),
        ({"q": "x" * 10_000}, 200),  # cut to what the box holds
        ({"q": "\u202egnirts\u2066"}, 200),
        ({"q": "=HYPERLINK(1)😀"}, 200),
        ({"q": "<script>alert(1)</script>"}, 200),
        ({"q": "1000000000000000"}, 200),
        ({"q": "a\x00b"}, 200),
        ({"du": "30/02/2019"}, 422),
        ({"du": "01/01/0001"}, 422),
        ({"du": "31/12/9999"}, 422),
        ({"au": "' or 1=1"}, 422),
        ({"du": "02/01/2019", "au": "01/01/2019"}, 422),
        ({"travaille_du": "02/01/2019", "travaille_au": "01/01/2019"}, 422),
        ({"pointe": "peut-être"}, 200),
        ({"curseur": "x" * 10_000}, 200),
    ],
)
def test_s30_whatever_is_typed_is_answered_and_never_run(
    member: TestClient, query: dict[str, str], status: int
) -> None:
    answer = member.get("/reglements", params=query)
    assert answer.status_code == status
    assert "<script>alert" not in answer.text
    assert ("La recherche n’a pas été faite" in answer.text) is (status == 422)
