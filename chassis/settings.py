"""Settings of a process: environment variables, or files of the same name in `ESPACE_SECRETS_DIR`."""

import os
from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from chassis.secret_rules import strong_password, with_strong_password
from chassis.topology import DEAD_LETTER_DAYS


def settings_config(prefix: str) -> SettingsConfigDict:
    """The configuration of a settings class whose variables start with *prefix*."""
    folder = os.environ.get("ESPACE_SECRETS_DIR")
    return SettingsConfigDict(
        env_prefix=prefix,
        secrets_dir=folder,
        frozen=True,
        extra="ignore",
        populate_by_name=True,
        hide_input_in_errors=True,
    )


class TrustSettings(BaseSettings):
    """Whom a process believes on the other end of TLS."""

    ca_file: Path | None = Field(
        default=None,
        description="PEM file of the authorities that certificates of broker, store, mail server and collector are"
        " checked against, instead of the system's",
    )

    @field_validator("ca_file")
    @classmethod
    def _authorities_can_be_read(cls, value: Path | None) -> Path | None:
        try:
            if value is not None:
                value.read_bytes()
        except OSError as exc:
            raise ValueError("is no file that can be read") from exc
        return value


class ProcessSettings(TrustSettings):
    """What every process needs."""

    model_config = settings_config("")

    amqp_url: SecretStr = Field(
        description="broker, user and vhost: amqp://user:password@host:5672/vhost, amqps:// for TLS"
    )
    public_url: str = Field(
        default="http://127.0.0.1:8000", validation_alias="PUBLIC_URL", description="address of the portal in mails"
    )
    http_host: str = Field(default="127.0.0.1", description="address that this process listens on")
    http_port: Annotated[int, Field(ge=1, le=65535)] = Field(default=8000, description="port of this process")
    log_level: str = Field(default="INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$", description="least level logged")
    otlp_endpoint: str = Field(
        default="",
        pattern=r"^(https?://\S+)?$",
        description="OpenTelemetry collector that takes OTLP by HTTP, `http://collector:4318`; without it no trace is sent",
    )
    otlp_share: Annotated[float, Field(ge=0, le=1)] = Field(
        default=1.0,
        description="part of the traces begun here that is recorded; one begun elsewhere is recorded or not as there",
    )

    @field_validator("amqp_url")
    @classmethod
    def _broker_is_guarded(cls, value: SecretStr) -> SecretStr:
        return with_strong_password(value)


class ServiceSettings(ProcessSettings):
    """What every service with a database needs."""

    database_url: SecretStr = Field(description="role <service>_app: requests, under row-level security")
    worker_database_url: SecretStr = Field(description="role <service>_worker: handlers, relay, sweepers")
    max_workers: Annotated[int, Field(ge=1, le=100)] = Field(default=10, description="calls and events at a time")
    outbox_days: Annotated[int, Field(ge=1, le=3650)] = Field(
        default=30, description="published events can be replayed (`events_since`) for so long"
    )
    inbox_days: Annotated[int, Field(ge=DEAD_LETTER_DAYS + 10, le=3650)] = Field(
        default=40, description="events that were applied or buried are known for so long; dead letters live for 30"
    )
    idempotency_days: Annotated[int, Field(ge=1, le=3650)] = Field(
        default=7, description="a request with an idempotency key used before is answered as then for so long"
    )

    @field_validator("database_url", "worker_database_url")
    @classmethod
    def _database_is_guarded(cls, value: SecretStr) -> SecretStr:
        return with_strong_password(value)


class ObjectStoreSettings(TrustSettings):
    """What a service with files needs."""

    s3_endpoint: str = Field(description="address of the S3 server as the services reach it")
    s3_public_endpoint: str = Field(
        default="",
        pattern=r"^(https?://\S+)?$",
        description="address of the same server for callers outside, whose upload and download addresses are signed for it",
    )
    s3_region: str = Field(default="us-east-1", description="region named in signatures")
    s3_access_key: SecretStr = Field(description="key limited to the bucket of this service")
    s3_secret_key: SecretStr = Field(description="secret of the key")
    s3_bucket: str = Field(description="bucket of this service")

    @field_validator("s3_secret_key")
    @classmethod
    def _store_is_guarded(cls, value: SecretStr) -> SecretStr:
        return strong_password(value)


def faults_of(error: ValidationError, prefix: str) -> list[str]:
    """One line a faulty variable, without its value."""
    lines = []
    for detail in error.errors(include_input=False, include_url=False):
        name = str(detail["loc"][0]) if detail["loc"] else "(settings)"
        variable = name if name.isupper() else f"{prefix}{name}".upper()
        lines.append(f"{variable}: {detail['msg']}")
    return lines
