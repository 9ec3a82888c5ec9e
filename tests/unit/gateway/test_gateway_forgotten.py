"""« Mot de passe oublié », « Identifiant oublié », the reset page and its robot box (S16 to S20, K8, K13, K14)."""

import base64
import re
from datetime import UTC, datetime, timedelta

import altcha
import orjson
import pytest
from conftest import ROBOT_KEY
from espace_contracts import errors, identity
from fake_bus import FakeBus
from starlette.testclient import TestClient

from gateway.robot import ALGORITHM, LIFETIME, Robot
from gateway.security import token_hash

LINK = "l" * 43
RESET = f"/reinitialisation/{LINK}"


@pytest.fixture
def nobody(client: TestClient, bus: FakeBus) -> TestClient:
    """A browser without session."""
    bus.session = None
    return client


def csrf_of(client: TestClient, path: str) -> str:
    return re.search(r'name="csrf" value="([^"]+)"', client.get(path).text).group(1)


def post(client: TestClient, path: str, **fields: str) -> object:
    place = "/connexion"
    return client.post(
        path, data={"csrf": csrf_of(client, place)} | {k.replace("_", "-"): v for k, v in fields.items()}
    )


def solution(challenge: dict[str, object]) -> str:
    """What the browser's worker finds out."""
    made = altcha.Challenge.from_dict(challenge)
    found = altcha.solve_challenge(made)
    return base64.b64encode(orjson.dumps(altcha.Payload(challenge=made, solution=found).to_dict())).decode()


def test_s15_s16_the_login_page_leads_there(nobody: TestClient) -> None:
    page = nobody.get("/connexion").text
    assert 'href="/mot-de-passe-oublie">Mot de passe oublié' in page
    assert 'href="/identifiant-oublie">' in page


@pytest.mark.parametrize(
    ("path", "field", "method"),
    [
        ("/mot-de-passe-oublie", "identifiant", identity.REQUEST_PASSWORD_RESET),
        ("/identifiant-oublie", "adresse", identity.REMIND_IDENTIFIER),
    ],
)
def test_s16_one_field_one_neutral_answer(
    nobody: TestClient, bus: FakeBus, path: str, field: str, method: object
) -> None:
    empty = post(nobody, path)
    assert empty.status_code == 422
    assert bus.asked(method) == []
    known, unknown = post(nobody, path, **{field: "paie"}), post(nobody, path, **{field: "personne"})
    assert (known.status_code, known.text) == (200, unknown.text)
    assert "Consultez votre messagerie" in known.text
    assert len(bus.asked(method)) == 2
    bus.refuse(method, errors.TooManyAttempts("", "7"))
    late = post(nobody, path, **{field: "paie"})
    assert (late.status_code, late.headers["retry-after"]) == (429, "7")


def test_k08_looking_at_the_link_consumes_nothing_and_tells_nobody(nobody: TestClient, bus: FakeBus) -> None:
    answer = nobody.get(RESET)
    assert answer.status_code == 200
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert [name for name, _ in bus.calls if name != "check_session"] == ["get_reset_link"]
    bus.refuse(identity.GET_RESET_LINK, errors.LinkInvalid())
    assert nobody.get(RESET).status_code == 404


def test_s18_every_fault_stands_beside_its_field(nobody: TestClient, bus: FakeBus) -> None:
    bus.refuse(identity.RESET_PASSWORD, errors.ResetRefused("", "identifier,uppercase,repeated,robot"))
    answer = post(nobody, RESET, identifiant="autre", mot_de_passe="abcdefg!", repetition="abcdefg?")
    assert answer.status_code == 422
    page = answer.text
    assert "4 points à corriger" in page
    for field in ("identifiant", "mot-de-passe", "repetition", "robot"):
        assert f'id="{field}-erreur"' in page
        assert f'href="#{field}"' in page
    assert 'value="autre"' in page
    assert "abcdefg" not in page
    assert page.count('class="met"') == 2


def test_s18_what_was_left_empty_is_asked_for(nobody: TestClient, bus: FakeBus) -> None:
    bus.refuse(identity.RESET_PASSWORD, errors.ResetRefused("", "identifier,min_length,uppercase,special,robot"))
    page = post(nobody, RESET).text
    for words in (
        "Saisissez votre identifiant.",
        "Saisissez le mot de passe de votre choix.",
        "Retapez le mot de passe.",
    ):
        assert words in page


def test_s18_the_passwords_travel_sealed_and_the_solution_by_its_digest(nobody: TestClient, bus: FakeBus) -> None:
    solved = solution(nobody.get("/robot/defi").json())
    answer = post(nobody, RESET, identifiant="paie", mot_de_passe="Secr&t-1", repetition="Secr&t-1", robot=solved)
    assert answer.headers["location"] == "/connexion"
    assert "Votre nouveau mot de passe est enregistré." in nobody.get("/connexion").text
    (asked,) = bus.asked(identity.RESET_PASSWORD)
    assert "Secr&t" not in asked.model_dump_json()
    assert asked.token_hash == token_hash(LINK)
    assert asked.solved is not None
    assert asked.robot_code is None


def test_s18_a_code_by_mail_stands_for_the_box(nobody: TestClient, bus: FakeBus) -> None:
    page = post(nobody, f"{RESET}/code", identifiant="paie").text
    assert "Un code vient de partir" in page
    assert 'value="paie"' in page
    assert "<details open>" in page
    post(nobody, RESET, identifiant="paie", mot_de_passe="x", repetition="x", code="k7qm 2xdr")
    (asked,) = bus.asked(identity.RESET_PASSWORD)
    assert asked.solved is None
    assert asked.robot_code == identity.robot_code_hash(token_hash(LINK), "K7QM-2XDR")


def test_return_in_a_field_saves_and_asks_for_no_code(nobody: TestClient) -> None:
    form = nobody.get(RESET).text.partition('<form class="stack"')[2]
    assert form.index("Enregistrer le mot de passe") < form.index("Recevoir un code par mail")


def test_k14_only_solutions_of_our_own_fresh_challenges_count() -> None:
    now, robot = datetime.now(UTC), Robot(ROBOT_KEY)
    made = robot.challenge(now=now)
    good = solution(made)
    first = robot.solved(good)
    assert first is not None
    assert Robot(ROBOT_KEY).solved(good) == first  # another replica
    assert Robot("another key, also of 32 signs at least").solved(good) is None
    assert Robot("another key, also of 32 signs at least", ROBOT_KEY).solved(good) == first, "the key before it"
    assert robot.solved(solution(robot.challenge(now=now))) != first
    late = robot.challenge(now=now - LIFETIME - timedelta(seconds=2))
    assert robot.solved(solution(late)) is None
    for junk in ("", "x", base64.b64encode(b"[]").decode(), base64.b64encode(b'{"challenge": 1}').decode(), "A" * 9999):
        assert robot.solved(junk) is None


def test_k14_another_spelling_of_a_solution_is_the_same_one() -> None:
    robot = Robot(ROBOT_KEY)
    good = solution(robot.challenge(now=datetime.now(UTC)))
    spelled = base64.b64encode(orjson.dumps(orjson.loads(base64.b64decode(good)), option=orjson.OPT_INDENT_2)).decode()
    assert spelled != good
    assert robot.solved(spelled) == robot.solved(good)


def test_k14_an_easier_challenge_is_not_ours() -> None:
    easy = altcha.create_challenge(ALGORITHM, 1, counter=1, hmac_secret="a guess", hmac_key_secret="a guess")
    assert Robot(ROBOT_KEY).solved(solution(easy.to_dict())) is None
