"""« The employer got no mail »: reissue to a corrected address, and what `espace accounts show` says."""

import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner
from espace_contracts.errors import TooManyAttempts, WrongCredentials

from ops.accounts import next_step
from ops.cli import main
from tests.service.identity.front_desk import CLINIC, CONTACT, OWN_IDENTIFIER, START
from tests.service.identity.post_office import PostOffice


@pytest.fixture
def post_office():
    with PostOffice() as office:
        yield office


def environment(desk, **more):
    """What an operator's shell has."""
    url = desk.database._worker.url.set(drivername="postgresql").render_as_string(hide_password=False)
    return {"IDENTITY_WORKER_DATABASE_URL": url, "OPS_RABBITMQ_MANAGEMENT_URL": "http://nowhere"} | more


def espace(variables, *arguments):
    result = CliRunner().invoke(main, [*arguments, "--json"], env=variables)
    return result.exit_code, json.loads(result.stdout or "null")


def test_s03_reissue_to_a_corrected_address(desk):
    desk.open_provisional()
    desk.reissue(email="paie@clinique.example")

    waiting = {(mail.name, mail.recipient) for mail in desk.mails() if mail.state == "queued"}
    assert waiting == {("contact_changed", CONTACT), ("provisional_credentials", "paie@clinique.example")}
    assert desk.contact_changed("rh2@clinique.example", version=1)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({}, "logs in with the provisional credentials"),
        ({"state": "disabled"}, "disabled"),
        ({"state": "active"}, "Mot de passe oublié"),
        ({"state": "pending_confirmation"}, "the link of the newest mail"),
        ({"provisional_expires_at": START}, "have expired"),
        ({"mails": [{"state": "bounced"}]}, "--to ADDRESS"),
        ({"mails": [{"state": "queued"}]}, "still waits"),
    ],
)
def test_the_next_step_is_one_sentence(change, words):
    account = {
        "state": "provisional",
        "provisional_expires_at": START + timedelta(days=30),
        "mails": [{"state": "sent"}],
    }
    assert words in next_step(account | change, now=START)


def test_show_tells_state_mails_and_the_servers_answers(desk, post_office):
    identifier, _ = desk.open_provisional()
    post_office.answers.append(("RCPT", "550 5.1.1 no such user"))
    desk.mailer(smtp_port=post_office.port).run_once()

    code, (account,) = espace(environment(desk), "accounts", "show", "732 829 320 00074")
    assert code == 0
    assert (account["state"], account["identifier"], account["contact_email"]) == ("provisional", identifier, CONTACT)
    (mail,) = account["mails"]
    assert mail["state"] == "bounced"
    assert "no such user" in mail["server_answer"]
    assert "--to ADDRESS" in account["next_step"]
    assert "secret" not in str(account)
    told = CliRunner().invoke(main, ["accounts", "show", CLINIC], env=environment(desk)).stdout
    assert "no such user" in told


def test_show_tells_what_still_works_and_what_is_delayed(desk):
    desk.now = datetime.now(UTC)  # the command asks the database's clock
    desk.activated()
    desk.accept()
    desk.ask_contact("paie@clinique.example")
    desk.later(minutes=5)
    for _ in range(7):
        with suppress(WrongCredentials, TooManyAttempts):
            desk.log_in(OWN_IDENTIFIER, "Wrong-password", token="third")

    _, (account,) = espace(environment(desk), "accounts", "show", CLINIC)
    assert (account["state"], account["open_sessions"]) == ("active", 1)
    assert account["policy_accepted_at"]
    assert account["delayed_until"]
    assert [(link["purpose"], link["address"]) for link in account["links"]] == [
        ("confirm_contact", "paie@clinique.example")
    ]
    told = CliRunner().invoke(main, ["accounts", "show", CLINIC], env=environment(desk)).stdout
    assert "link confirm_contact" in told
    assert "token" not in told


def test_show_of_an_unknown_employer_fails(desk):
    code, nothing = espace(environment(desk), "accounts", "show", CLINIC)
    assert (code, nothing) == (1, None)


def test_mails_test_tells_what_the_server_said(desk, post_office):
    values = desk.settings
    variables = environment(
        desk,
        PUBLIC_URL="https://espace.example",
        IDENTITY_AMQP_URL="amqp://identity:of-the-tests@nowhere",
        IDENTITY_DATABASE_URL="postgresql://identity_app:of-the-tests@nowhere",
        IDENTITY_PRIVATE_KEY=values.private_key.get_secret_value(),
        IDENTITY_MAIL_KEY=values.mail_key.get_secret_value(),
        IDENTITY_SMTP_HOST="127.0.0.1",
        IDENTITY_SMTP_PORT=str(post_office.port),
        IDENTITY_SMTP_SECURITY="none",
        IDENTITY_MAIL_FROM=values.mail_from,
    )
    code, told = espace(variables, "mails", "test", "rh@clinique.example")
    assert (code, told["taken"], told["answer"]) == (0, True, "250 2.0.0 queued as 42")
    assert post_office.envelopes[0][1] == ("rh@clinique.example",)
    post_office.answers.append(("RCPT", "550 5.7.1 relay denied"))
    code, told = espace(variables, "mails", "test", "rh@clinique.example")
    assert (code, told["taken"], told["for_ever"]) == (1, False, True)
