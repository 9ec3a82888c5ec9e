"""K12: while many logins fail everywhere, the login asks for the robot box."""

from espace_contracts import errors, identity
from fake_bus import FakeBus
from starlette.testclient import TestClient
from test_gateway_forgotten import solution


def test_k12_in_a_storm_the_login_page_shows_the_robot_box_and_keeps_what_was_typed(
    client: TestClient, bus: FakeBus
) -> None:
    bus.session = None
    bus.refuse(identity.OPEN_SESSION, errors.RobotRequired())
    form = client.get("/connexion?suite=/reglements").text
    assert "altcha" not in form
    csrf = form.split('name="csrf" value="')[1].split('"')[0]
    typed = {"csrf": csrf, "identifiant": "paie.tilleuls", "mot-de-passe": "Secret&2019", "suite": "/reglements"}
    answer = client.post("/connexion", data=typed)
    assert answer.status_code == 422
    assert '<altcha-widget challenge="/robot/defi"' in answer.text
    assert "Mot de passe oublié" in answer.text.split("<noscript>")[1]
    assert 'value="paie.tilleuls"' in answer.text
    assert 'name="suite" value="/reglements"' in answer.text
    assert "Secret" not in answer.text

    bus.refuse(identity.OPEN_SESSION, errors.WrongCredentials())  # the box stays, since it is asked for again
    again = client.post("/connexion", data=typed | {"robot": "no solution"})
    assert "<altcha-widget" in again.text
    assert [asked.solved for asked in bus.asked(identity.OPEN_SESSION)] == [None, None]


def test_k12_a_solved_box_travels_by_its_digest(client: TestClient, bus: FakeBus) -> None:
    bus.session = None
    csrf = client.get("/connexion").text.split('name="csrf" value="')[1].split('"')[0]
    solved = solution(client.get("/robot/defi").json())
    typed = {"csrf": csrf, "identifiant": "paie.tilleuls", "mot-de-passe": "Secret&2019", "robot": solved}
    client.post("/connexion", data=typed)
    assert bus.asked(identity.OPEN_SESSION)[0].solved.digest


def test_k12_a_program_is_told_by_a_stable_word(client: TestClient, bus: FakeBus) -> None:
    bus.session = None
    bus.refuse(identity.OPEN_SESSION, errors.RobotRequired())
    answer = client.post("/api/v1/session", json={"identifier": "x", "password": "y"})
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/robot_required")
