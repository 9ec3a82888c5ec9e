"""What an operator may set for the service identity; each variable is `IDENTITY_` and the name in capitals."""

from datetime import time, timedelta
from email.utils import parseaddr
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Annotated, Literal

from espace_contracts.types import Email
from pydantic import Field, SecretStr, field_validator, model_validator

from chassis.secret_rules import random_key
from chassis.settings import ServiceSettings, settings_config
from services.identity import domain

ZXCVBN = "zxcvbn"
Days = Annotated[float, Field(gt=0, le=365)]
Hours = Annotated[float, Field(gt=0, le=24 * 30)]
Minutes = Annotated[float, Field(gt=0, le=60 * 24)]
Seconds = Annotated[float, Field(ge=0, le=86_400)]


class Settings(ServiceSettings):
    """Settings of one identity process."""

    model_config = settings_config("IDENTITY_")

    http_port: int = Field(default=8101, ge=1, le=65_535, description="port of /healthz")

    private_key: SecretStr = Field(description="X25519 private key, base64: opens the passwords that the gateway seals")
    previous_private_key: SecretStr | None = Field(
        default=None, description="the one before, while gateways still seal for it (rotation)"
    )
    mail_key: SecretStr = Field(description="32 bytes, base64: encrypts what is secret in a mail that waits")

    previous_mail_key: SecretStr | None = Field(
        default=None, description="the one before, while mails still wait that it encrypted (rotation)"
    )

    smtp_host: str = Field(description="name or address of the mail server")
    smtp_port: int = Field(default=25, ge=1, le=65_535, description="25, 587 with starttls, 465 with tls")
    smtp_user: str | None = Field(default=None, description="when the server wants a login")
    smtp_password: SecretStr | None = Field(default=None, description="password of `smtp_user`")
    smtp_security: Literal["none", "starttls", "tls"] = Field(
        default="starttls", description="`none` only for a server on this machine"
    )
    smtp_timeout_seconds: Seconds = Field(default=20, description="for each step of the talk with the mail server")
    smtp_total_seconds: Seconds = Field(
        default=45, description="for the whole talk about one mail; 15 s later it is sent anew if its sender died"
    )
    mail_from: str = Field(description="`Espace Employeur <ne-pas-repondre@example>` or a bare address")
    mail_reply_to: Email | None = Field(default=None, description="where an answer to a mail goes")
    mail_give_up_days: Days = Field(default=5, description="a mail that no server took after so long is given up")

    payment_mail_at: time = Field(
        default=time(18), description="when the daily mail on payments that came in leaves, by the clock in Paris"
    )
    mail_gather_seconds: float = Field(
        default=120, ge=0, le=86_400, description="decisions on documents within so long share one mail"
    )

    provisional_days: Days = Field(default=30, description="lifetime of provisional credentials (S3)")
    link_hours: Hours = Field(default=48, description="lifetime of a confirmation link (S9)")
    reset_minutes: Minutes = Field(default=60, description="lifetime of a reset link")
    session_idle_minutes: Minutes = Field(default=30, description="a session without activity ends after so long")
    session_absolute_hours: Hours = Field(default=12, description="and in any case after so long")
    required_policy_version: str | None = Field(
        default=None, description="when set, whoever accepted only another version is asked again (S13)"
    )

    keep_days: Days = Field(default=90, description="sessions, links and mails that are over are dropped after so long")
    audit_years: Annotated[int, Field(ge=1, le=100)] = Field(
        default=3, description="lines of the audit log are dropped after so long"
    )

    password_min_length: int = Field(default=8, ge=8, le=64, description="more than 8 is stricter than the guide")
    password_max_length: int = Field(default=128, ge=64, le=1000, description="a bound for the work of hashing")
    password_block_list: str = Field(
        default=ZXCVBN, description="`zxcvbn` (30,000 common passwords), empty, or a file with one password a line"
    )
    password_context_words: tuple[str, ...] = Field(
        default=("transitions", "transitionspro", "atnet", "espace employeur", "employeur"),
        max_length=100,
        description="words that are no password with next to nothing added",
    )

    argon2_memory_kib: int = Field(default=19_456, ge=8_192, description="OWASP: 19 MiB, 2 rounds, 1 lane")
    argon2_rounds: int = Field(default=2, ge=1, le=20, description="higher ones renew a hash at its next login")

    free_failures_account: int = Field(default=5, ge=1, description="wrong logins on one identifier without delay")
    free_failures_address: int = Field(default=20, ge=1, description="wrong logins from one address without delay")
    first_delay_seconds: Seconds = Field(default=2, description="doubles at each further failure")
    longest_delay_seconds: Seconds = Field(default=300, description="never a permanent lockout")
    failures_forgotten_hours: Hours = Field(default=24, description="failures older than this count no more")
    storm_failures: int = Field(
        default=300,
        ge=1,
        description="wrong logins within ten minutes, anywhere: then unknown addresses solve a puzzle",
    )
    known_address_days: Days = Field(default=90, description="an address stays known so long after its last login")
    confirmation_mails_an_hour: int = Field(default=10, ge=1, description="mails with a link an account may ask for")

    @field_validator("private_key", "mail_key", "previous_private_key", "previous_mail_key")
    @classmethod
    def _is_key(cls, value: SecretStr | None) -> SecretStr | None:
        return value and random_key(value)

    @field_validator("payment_mail_at")
    @classmethod
    def _is_wall_clock(cls, value: time) -> time:
        if value.tzinfo is not None:
            raise ValueError("is a time of day in Paris, without a zone of its own")
        return value

    @field_validator("mail_from")
    @classmethod
    def _is_sender(cls, value: str) -> str:
        _, address = parseaddr(value)
        user, _, host = address.rpartition("@")
        if not user or not host:
            raise ValueError("is neither an address nor `Name <address>`")
        return value

    @field_validator("password_block_list")
    @classmethod
    def _is_readable(cls, value: str) -> str:
        try:
            common_passwords(value)
        except OSError as exc:
            raise ValueError("is no file that can be read") from exc
        return value

    @model_validator(mode="after")
    def _login_is_whole(self) -> "Settings":
        if (self.smtp_user is None) != (self.smtp_password is None):
            raise ValueError("IDENTITY_SMTP_USER and IDENTITY_SMTP_PASSWORD go together")
        return self

    def rules(self) -> domain.Rules:
        """These settings in the words of the domain."""
        return domain.Rules(
            provisional_lifetime=timedelta(days=self.provisional_days),
            link_lifetime=timedelta(hours=self.link_hours),
            reset_lifetime=timedelta(minutes=self.reset_minutes),
            session_idle=timedelta(minutes=self.session_idle_minutes),
            session_absolute=timedelta(hours=self.session_absolute_hours),
            account_delays=self._delays(self.free_failures_account),
            address_delays=self._delays(self.free_failures_address),
            storm_failures=self.storm_failures,
            address_known_for=timedelta(days=self.known_address_days),
            confirmation_mails_an_hour=self.confirmation_mails_an_hour,
            passwords=domain.PasswordPolicy(
                min_length=self.password_min_length,
                max_length=self.password_max_length,
                common=common_passwords(self.password_block_list),
                context_words=self.password_context_words,
            ),
            required_policy_version=self.required_policy_version,
            payment_mail_at=self.payment_mail_at,
            gathering=timedelta(seconds=self.mail_gather_seconds),
        )

    def _delays(self, free: int) -> domain.Delays:
        return domain.Delays(
            free=free,
            first=timedelta(seconds=self.first_delay_seconds),
            longest=timedelta(seconds=self.longest_delay_seconds),
            forgotten_after=timedelta(hours=self.failures_forgotten_hours),
        )


@cache
def common_passwords(source: str) -> frozenset[str]:
    """The block list named by *source*, case-folded; OSError when it is a file that cannot be read."""
    if not source:
        return frozenset()
    if source == ZXCVBN:
        lists = import_module("zxcvbn.frequency_lists").FREQUENCY_LISTS  # megabytes that only this list needs
        return frozenset(word.casefold() for word in lists["passwords"])
    lines = Path(source).read_text(encoding="utf-8").splitlines()
    return frozenset(domain.normalised(line).casefold() for line in lines if line)
