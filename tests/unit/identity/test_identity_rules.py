"""The pure rules: passwords, identifiers, provisional credentials, delays, masking."""

import secrets
import unicodedata
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.identity import domain

SPECIALS = r"_!@#$%&*()-+={}[]\:;<>,.?/"
PLAIN = domain.PasswordPolicy()
# All of Unicode, with capitals and specials often enough that many passwords follow the rule.
SIGNS = st.characters() | st.sampled_from(SPECIALS) | st.characters(categories=["Lu"])
WITH_WORDS = domain.PasswordPolicy(common=frozenset({"password!"}), context_words=("transitions", "atnet"))


def broken(password, policy=PLAIN, context=()):
    return domain.unmet_password_rules(password, policy, context)


@pytest.mark.parametrize("password", ["Abcdefg!", "Abcdefg\\", "Éabcdef?", "É" * 7 + "_", "A" + " " * 6 + "!"])
def test_s06_what_passes(password):
    assert broken(password) == ()


@pytest.mark.parametrize(
    ("password", "rules"),
    [
        ("Abcdef!", ("min_length",)),
        ("abcdefg!", ("uppercase",)),
        ("Abcdefgh", ("special",)),
        ("Abcdefg^", ("special",)),
        ("Abcdefg~", ("special",)),
        ('Abcdefg"', ("special",)),
        ("Abcdefg€", ("special",)),
        ("", ("min_length", "uppercase", "special")),
        ("A!" + "x" * 127, ("max_length",)),
    ],
)
def test_s06_what_fails_names_the_rule(password, rules):
    assert broken(password) == rules


def test_s06_there_are_exactly_26_specials():
    assert len(SPECIALS) == 26
    signs = [chr(code) for code in range(0x20, 0x3000)]
    printable = [sign for sign in signs if unicodedata.is_normalized("NFC", sign)]  # U+037E is `;` in NFC
    assert "".join(sorted(sign for sign in printable if not broken(f"Abcdefg{sign}"))) == "".join(sorted(SPECIALS))


@given(st.text(SIGNS, max_size=140))
@example("E\u0301abcdef!")
@example("Ⅷabcdef!")
def test_s06_k01_over_unicode_a_password_is_accepted_if_and_only_if_it_follows_the_rule(password):
    text = unicodedata.normalize("NFC", password)
    follows = (
        8 <= len(text) <= 128
        and any(unicodedata.category(sign) == "Lu" for sign in text)
        and any(sign in SPECIALS for sign in text)
    )
    assert (broken(password) == ()) == follows


@given(st.text(max_size=20))
def test_k02_the_same_text_composed_otherwise_breaks_the_same_rules(password):
    assert broken(unicodedata.normalize("NFD", password)) == broken(unicodedata.normalize("NFC", password))


@pytest.mark.parametrize(
    "password", ["Password!", "PASSWORD!", "Transitions!", "ATNet-1!", "Tilleuls!", "73282932000074A!"]
)
def test_k03_common_passwords_and_words_of_the_context_are_refused(password):
    context = ("Clinique des Tilleuls", "73282932000074", "paie.tilleuls")
    assert broken(password, WITH_WORDS, context)[-1:] == ("common",)


@pytest.mark.parametrize("password", ["Abcdefg!", "Abcdefg\\", "Tilleuls-2019!", "Rue-de-la-Gare!"])
def test_k03_the_block_list_leaves_other_passwords_alone(password):
    assert broken(password, WITH_WORDS, ("Clinique des Tilleuls", "paie.tilleuls", "rue")) == ()


def test_k05_provisional_passwords_follow_the_rule_and_never_show_doubtful_signs():
    for _ in range(500):
        password = domain.provisional_password(secrets.choice)
        assert broken(password) == ()
        assert not set(password) & set("IlLoO01i")


def test_k05_a_provisional_password_has_at_least_80_bits():
    choices = []

    def counting(signs):
        choices.append(len(set(signs)))
        return signs[0]

    domain.provisional_password(counting)
    combinations = 1
    for number in choices:
        combinations *= number
    assert combinations >= 2**80


def test_provisional_identifiers_look_like_one():
    identifier = domain.provisional_identifier(secrets.choice)
    assert [len(part) for part in identifier.split("-")] == [2, 4, 4]
    assert identifier.startswith("TP-")


@pytest.mark.parametrize(
    ("one", "other"), [("Paie", "paIE"), (" paie ", "paie"), ("E\u0301mile", "émile"), ("STRASSE", "straße")]
)
def test_s05_identifiers_that_count_as_the_same(one, other):
    assert domain.identifier_key(one) == domain.identifier_key(other)


@given(st.text(max_size=30))
def test_s05_the_key_of_a_key_is_itself(identifier):
    key = domain.identifier_key(identifier)
    assert domain.identifier_key(key) == key.strip()


@pytest.mark.parametrize(
    ("address", "masked"),
    [
        ("rh@clinique-des-tilleuls.example", "rh@clin…tilleuls.example"),
        ("comptabilite@mairie.example", "co…@m….example"),
        ("paie@abc.fr", "pa…@a….fr"),
        ("q@localhost", "q@l…"),
    ],
)
def test_addresses_are_masked(address, masked):
    assert domain.masked_email(address) == masked


@given(st.emails())
def test_a_masked_address_never_is_the_address(address):
    assert domain.masked_email(address) != address


def test_k12_delays_double_up_to_the_longest():
    delays = domain.Delays(
        free=5, first=timedelta(seconds=2), longest=timedelta(minutes=5), forgotten_after=timedelta(days=1)
    )
    seconds = [delays.after(failures).total_seconds() for failures in (0, 5, 6, 7, 8, 13, 14, 10_000)]
    assert seconds == [0, 0, 2, 4, 8, 256, 300, 300]


def test_mails_are_retried_more_and_more_rarely():
    seconds = [domain.mail_retry_delay(attempts).total_seconds() for attempts in (1, 2, 3, 4, 5, 6, 500)]
    assert seconds == [5, 20, 80, 320, 1280, 3600, 3600]
    assert sorted(seconds) == seconds


def test_k16_the_idle_end_never_lies_behind_the_absolute_end():
    rules = domain.Rules(
        provisional_lifetime=timedelta(days=30),
        link_lifetime=timedelta(hours=48),
        reset_lifetime=timedelta(hours=1),
        session_idle=timedelta(minutes=30),
        session_absolute=timedelta(hours=12),
        account_delays=domain.Delays(5, timedelta(0), timedelta(0), timedelta(0)),
        address_delays=domain.Delays(5, timedelta(0), timedelta(0), timedelta(0)),
    )
    opened = datetime(2019, 8, 1, 8, tzinfo=UTC)
    assert domain.session_expiry(rules, opened, opened)[0] == opened + timedelta(minutes=30)
    assert domain.session_expiry(rules, opened, opened + timedelta(hours=11, minutes=50))[0] == opened + timedelta(
        hours=12
    )
