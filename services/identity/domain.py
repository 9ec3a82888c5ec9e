"""The rules of identity, without database, clock or randomness of their own."""

import unicodedata
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

SPECIAL_CHARACTERS = frozenset("_!@#$%&*()-+={}[]\\:;<>,.?/")  # the guide's 26, and no other (S6)
MIN_LENGTH, UPPERCASE, SPECIAL, MAX_LENGTH, COMMON = "min_length", "uppercase", "special", "max_length", "common"

# No I, L, O, 0, 1: what is read from a mail and typed by hand must not be guessed at.
CAPITALS = "ABCDEFGHJKMNPQRSTUVWXYZ"
DIGITS = "23456789"
LONGEST_IDENTIFIER = 100
SHORTEST_CONTEXT_WORD = 4
LEAST_OWN_CHARACTERS = 4
PARIS = ZoneInfo("Europe/Paris")
PAYMENT_IS_RECENT = timedelta(days=7)

Choose = Callable[[str], str]  # `secrets.choice` outside tests


@dataclass(frozen=True)
class Delays:
    """When the next attempt may come after so many failures in a row; the delay grows, and never becomes a lock."""

    free: int
    first: timedelta
    longest: timedelta
    forgotten_after: timedelta

    def after(self, failures: int) -> timedelta:
        """How long to wait after *failures* failures in a row."""
        if failures <= self.free:
            return timedelta(0)
        doublings = min(failures - self.free - 1, 30)
        return min(self.first * 2**doublings, self.longest)


@dataclass(frozen=True)
class PasswordPolicy:
    """What a password must be; *common* is the block list, case-folded."""

    min_length: int = 8
    max_length: int = 128
    common: frozenset[str] = frozenset()
    context_words: tuple[str, ...] = ()


@dataclass(frozen=True)
class Rules:
    """Everything about identity that an operator may set."""

    provisional_lifetime: timedelta
    link_lifetime: timedelta
    reset_lifetime: timedelta
    session_idle: timedelta
    session_absolute: timedelta
    account_delays: Delays
    address_delays: Delays
    storm_failures: int = 300
    address_known_for: timedelta = timedelta(days=90)
    confirmation_mails_an_hour: int = 10
    passwords: PasswordPolicy = field(default_factory=PasswordPolicy)
    required_policy_version: str | None = None
    payment_mail_at: time = time(18)
    gathering: timedelta = timedelta(minutes=2)


def normalised(text: str) -> str:
    """*text* in NFC, so that two keyboards that compose É differently type the same secret (K2)."""
    return unicodedata.normalize("NFC", text)


def identifier_key(identifier: str) -> str:
    """What two identifiers share when they count as the same: NFC, ignoring case and outer spaces (S5).

    Nobody's identifier has a NUL, which the database could not even look up: it is replaced.
    """
    return normalised(normalised(identifier.strip()).casefold()).replace("\x00", "\ufffd")


def unmet_password_rules(password: str, policy: PasswordPolicy, context: Iterable[str] = ()) -> tuple[str, ...]:
    """Names of the rules that *password* breaks, in the order in which the guide states them (S6, K1 to K3).

    *context* holds words that anybody who knows the employer would try: its name, its SIRET, the identifier.
    """
    password = normalised(password)
    broken = {
        MIN_LENGTH: len(password) < policy.min_length,
        UPPERCASE: not any(unicodedata.category(character) == "Lu" for character in password),
        SPECIAL: not SPECIAL_CHARACTERS.intersection(password),
        MAX_LENGTH: len(password) > policy.max_length,
    }
    if not broken[MAX_LENGTH]:
        broken[COMMON] = is_common(password, policy.common, (*policy.context_words, *context))
    return tuple(rule for rule, is_broken in broken.items() if is_broken)


def is_common(password: str, common: Collection[str], context: Iterable[str]) -> bool:
    """Whether *password* is on the block list, or is a word of the context with next to nothing of its own."""
    folded = password.casefold()
    if folded in common:
        return True
    for word in sorted(_words(context), key=len, reverse=True):
        rest = folded.replace(word, "")
        if rest != folded and len(rest) < LEAST_OWN_CHARACTERS:
            return True
    return False


def _words(context: Iterable[str]) -> set[str]:
    phrases = [normalised(phrase).casefold() for phrase in context]
    found = {word for phrase in phrases for word in (phrase, *phrase.split())}
    return {word for word in found if len(word) >= SHORTEST_CONTEXT_WORD}


def is_usable_identifier(identifier: str, contact_email: str) -> bool:
    """Whether *identifier* may be chosen: visible text that is not the contact address (S5).

    Invisible and direction characters are refused, since two identifiers must not look alike by them.
    """
    text = normalised(identifier.strip())
    if not text or len(text) > LONGEST_IDENTIFIER:
        return False
    if any(unicodedata.category(character)[0] == "C" or character in "\u2028\u2029" for character in text):
        return False
    return identifier_key(text) != identifier_key(contact_email)


def provisional_identifier(choose: Choose) -> str:
    """An identifier such as TP-7K4M-Q2XD."""
    signs = [choose(CAPITALS + DIGITS) for _ in range(8)]
    return f"TP-{''.join(signs[:4])}-{''.join(signs[4:])}"


def provisional_password(choose: Choose) -> str:
    """A password such as `Kq7m2x-9rtaw4-hm3fze`: 88 bits, within S6, without a sign that looks like another (K5)."""
    signs = [choose(CAPITALS), *(choose(CAPITALS.lower() + DIGITS) for _ in range(17))]
    return "-".join("".join(signs[start : start + 6]) for start in (0, 6, 12))


def robot_code(choose: Choose) -> str:
    """A code such as K7QM-2XDR, to be typed from a mail (S18)."""
    signs = [choose(CAPITALS + DIGITS) for _ in range(8)]
    return f"{''.join(signs[:4])}-{''.join(signs[4:])}"


def masked_email(address: str) -> str:
    """*address* so that its owner knows it and nobody else learns it: `rh@clin…tilleuls.example`."""
    local, _, host = address.rpartition("@")
    shown = local if len(local) <= 2 else f"{local[:2]}…"
    return f"{shown}@{_masked_host(host)}"


def _masked_host(host: str) -> str:
    """The first four signs and the last word of *host*; of a short one only the first sign and the top domain."""
    name, _, top = host.rpartition(".")
    last_word = name[max(name.rfind("-"), name.rfind(".")) + 1 :]
    if len(last_word) + 4 < len(name):
        return f"{name[:4]}…{last_word}.{top}"
    return f"{name[:1]}….{top}" if name else f"{host[:1]}…"


def session_expiry(rules: Rules, opened_at: datetime, seen_at: datetime) -> tuple[datetime, datetime]:
    """When a session opened and last seen at these times ends: by idleness, and in any case (K16)."""
    absolute = opened_at + rules.session_absolute
    return min(seen_at + rules.session_idle, absolute), absolute


MAIL_REST_WITHOUT_SERVER = timedelta(seconds=10)  # so soon after the mail server is back, every mail has left


def mail_retry_delay(attempts: int) -> timedelta:
    """How long a mail rests after *attempts* attempts that the server did not take: 5 s, 20 s, 80 s … one hour."""
    return min(timedelta(seconds=5 * 4 ** min(attempts - 1, 8)), timedelta(hours=1))


def daily_on(day: date, at: time) -> datetime:
    """The instant at which clocks in Paris show *at* on *day*; one that summer time skips is the hour after it."""
    return datetime.combine(day, at, PARIS).astimezone(UTC)


def next_daily(after: datetime, at: time) -> datetime:
    """The first instant after *after* at which clocks in Paris show *at*."""
    day = after.astimezone(PARIS).date()
    todays = daily_on(day, at)
    return todays if todays > after else daily_on(day + timedelta(days=1), at)


def last_daily(until: datetime, at: time) -> datetime:
    """The last instant, *until* itself at the latest, at which clocks in Paris showed *at*."""
    day = until.astimezone(PARIS).date()
    todays = daily_on(day, at)
    return todays if todays <= until else daily_on(day - timedelta(days=1), at)


def is_recent(paid_on: date, turn: datetime) -> bool:
    """Whether a payment of that date is still news at *turn*: dated within the seven days before, or that day."""
    return paid_on >= turn.astimezone(PARIS).date() - PAYMENT_IS_RECENT


def told_at(paid_on: date, heard_at: datetime, at: time) -> datetime | None:
    """When the employer is told of a payment: at the next *at*, not before its own date; None when it is no news."""
    turn = max(next_daily(heard_at, at), daily_on(paid_on, at))
    return turn if is_recent(paid_on, turn) else None
