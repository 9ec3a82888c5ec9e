"""Settings of the gateway: variables `GATEWAY_*`, and `PUBLIC_URL` which all processes share."""

import ipaddress
from base64 import b64decode
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator

from chassis.secret_rules import random_text
from chassis.settings import ProcessSettings, settings_config


def _is_loopback(host: str | None) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False


def _items(value: str) -> list[str]:
    return [item.strip() for item in value.split(",") if item.strip()]


class Settings(ProcessSettings):
    """What the gateway needs to start."""

    model_config = settings_config("GATEWAY_")

    identity_public_key: str = Field(description="X25519 key of identity, base64: passwords are sealed for it")
    robot_key: SecretStr = Field(
        min_length=32, description="at least 32 signs, the same in all replicas: signs the challenges of the robot box"
    )
    previous_robot_key: SecretStr | None = Field(
        default=None, min_length=32, description="the one before, for twenty minutes after a change (rotation)"
    )
    operators_host: str = Field(
        default="127.0.0.1", description="address of /healthz, /readyz and /metrics for operators"
    )
    operators_port: Annotated[int, Field(ge=1, le=65535)] = Field(
        default=8100, description="their port; it is not to be published"
    )
    drain_seconds: Annotated[float, Field(ge=0, le=60)] = Field(
        default=0,
        description="after SIGTERM, how long requests are still taken while /readyz says 503, for a balancer to turn away",
    )
    trusted_proxies: str = Field(
        default="127.0.0.1,::1",
        description="addresses and networks of the reverse proxies, with commas; X-Forwarded-For counts from these alone",
    )
    largest_upload: Annotated[int, Field(ge=1)] = Field(
        default=50 * 1024**2, description="bytes; each category of documents has a smaller limit of its own"
    )
    most_requests: Annotated[int, Field(ge=1, le=10_000)] = Field(
        default=200, description="requests answered at a time by one process; beyond them 503 with Retry-After, at once"
    )
    session_cache_seconds: Annotated[float, Field(ge=0, le=15)] = Field(
        default=15, description="how long a session is believed without asking identity"
    )
    funder_name: str = Field(default="Transitions Pro", description="name on the pages before log-in")
    funder_email: str = Field(default="", description="contact address on the pages before log-in; none when empty")
    funder_phone: str = Field(default="", description="contact phone on the pages before log-in; none when empty")
    policy_version: str = Field(
        default="2019-09-01",
        pattern=r"^\d{4}-\d{2}-\d{2}$",
        description="version of the privacy policy that is accepted",
    )

    @field_validator("identity_public_key")
    @classmethod
    def _is_key(cls, value: str) -> str:
        if len(b64decode(value, validate=True)) != 32:
            raise ValueError("must be 32 bytes in base64")
        return value

    @field_validator("robot_key", "previous_robot_key")
    @classmethod
    def _is_random(cls, value: SecretStr | None) -> SecretStr | None:
        return value and random_text(value)

    @field_validator("trusted_proxies")
    @classmethod
    def _are_addresses(cls, value: str) -> str:
        for item in _items(value):
            ipaddress.ip_network(item)  # the ValueError says which; `*` is none: anybody could pose as anybody
        return value

    @field_validator("public_url")
    @classmethod
    def _is_safe(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme == "https" and parts.netloc:
            return value.rstrip("/")
        if parts.scheme == "http" and _is_loopback(parts.hostname):
            return value.rstrip("/")
        raise ValueError("must be https (plain http is for this machine only: 127.0.0.1, ::1, localhost)")

    @property
    def proxies(self) -> list[str]:
        """The reverse proxies, one by one."""
        return _items(self.trusted_proxies)

    @property
    def secure(self) -> bool:
        """Whether people reach the portal over TLS: it decides over the cookies' prefix (K15)."""
        return self.public_url.startswith("https://")
