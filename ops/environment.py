"""Each process's own environment, and that of the administrators' commands."""

import hmac
import os
from collections.abc import Mapping
from dataclasses import dataclass

from ops.credentials import BUCKET_OWNERS, DEMO_CLIENT, SERVICES, Credentials
from ops.endpoints import Endpoints, Names, smtp_settings, with_login
from ops.ports import LOOPBACK, Ports

PROCESSES = (*SERVICES, "gateway")
# What a program needs of the shell that started us, besides its own settings.
INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR")
# All addresses end in .example, so that no mail leaves by accident; the funder is the one of demo/events.jsonl.
MAIL_FROM = "Espace Employeur <ne-pas-repondre@espace-employeur.example>"
MAIL_REPLY_TO = "contact@transitionspro-ge.example"
FUNDER = {
    "GATEWAY_FUNDER_NAME": "Transitions Pro Grand Est",
    "GATEWAY_FUNDER_EMAIL": MAIL_REPLY_TO,
    "GATEWAY_FUNDER_PHONE": "+33 3 00 00 00 00",
}


@dataclass(frozen=True)
class StackSettings:
    """All settings of one stack: a dictionary of variables for each process, and one for `espace migrate`."""

    processes: dict[str, dict[str, str]]
    migrate: dict[str, str]
    demo_amqp: str
    portal: str
    databases: dict[str, str]  # names, by service
    buckets: dict[str, str]  # names, by owner


def settings(
    endpoints: Endpoints, *, credentials: Credentials, ports: Ports, names: Names, overrides: Mapping[str, str]
) -> StackSettings:
    """The variables of every process; those of the same name in *overrides* win."""
    portal = f"http://{LOOPBACK}:{ports.portal}"
    databases = {service: _database_urls(service, endpoints, credentials, names) for service in SERVICES}
    amqp = {user: with_login(endpoints.amqp, user=user, password=word) for user, word in credentials.broker.items()}
    processes = {
        service: {
            f"{service.upper()}_{name}": value
            for name, value in {
                "AMQP_URL": amqp[service],
                "DATABASE_URL": databases[service]["app"],
                "WORKER_DATABASE_URL": databases[service]["worker"],
                "HTTP_HOST": LOOPBACK,
                "HTTP_PORT": str(getattr(ports, service)),
                **_own(service, endpoints, credentials, names),
            }.items()
        }
        for service in SERVICES
    }
    processes["gateway"] = FUNDER | {
        "GATEWAY_AMQP_URL": amqp["gateway"],
        "GATEWAY_HTTP_HOST": LOOPBACK,
        "GATEWAY_HTTP_PORT": str(ports.portal),
        "GATEWAY_OPERATORS_PORT": str(ports.operators),
        "GATEWAY_IDENTITY_PUBLIC_KEY": credentials.identity_public_key,
        "GATEWAY_ROBOT_KEY": _robot_key(credentials),
    }
    for process in PROCESSES:
        processes[process] |= {"PUBLIC_URL": portal} | _of_process(process, overrides)
    owners = {f"{service.upper()}_OWNER_DATABASE_URL": databases[service]["owner"] for service in SERVICES}
    merged = {name: value for process in PROCESSES for name, value in processes[process].items()}
    migrate = merged | owners | _administration(endpoints) | {"OPS_BROKER_CLIENTS": amqp[DEMO_CLIENT]}
    return StackSettings(
        processes=processes,
        migrate=migrate,
        demo_amqp=amqp[DEMO_CLIENT],
        portal=processes["gateway"]["PUBLIC_URL"],
        databases={service: names.database(service) for service in SERVICES},
        buckets={owner: names.bucket(owner) for owner in BUCKET_OWNERS},
    )


def inherited() -> dict[str, str]:
    """The few variables of the caller that every program gets."""
    return {name: os.environ[name] for name in INHERITED if name in os.environ}


def _of_process(process: str, variables: Mapping[str, str]) -> dict[str, str]:
    prefix = f"{process.upper()}_"
    return {name: value for name, value in variables.items() if name.startswith(prefix) or name == "PUBLIC_URL"}


def _database_urls(service: str, endpoints: Endpoints, credentials: Credentials, names: Names) -> Mapping[str, str]:
    return {
        role: with_login(
            endpoints.postgres,
            user=f"{service}_{role}",
            password=credentials.databases[f"{service}_{role}"],
            path=names.database(service),
        )
        for role in ("owner", "app", "worker")
    }


def _own(service: str, endpoints: Endpoints, credentials: Credentials, names: Names) -> dict[str, str]:
    """What only this service has: identity its keys and the mail server, the others their bucket."""
    if service in BUCKET_OWNERS:
        store = endpoints.object_store
        return {
            "S3_ENDPOINT": store.url,
            "S3_REGION": store.region,
            "S3_ACCESS_KEY": store.buckets[service].access,
            "S3_SECRET_KEY": store.buckets[service].secret,
            "S3_BUCKET": names.bucket(service),
        }
    return {
        "PRIVATE_KEY": credentials.identity_private_key,
        "MAIL_KEY": credentials.mail_key,
        "MAIL_FROM": MAIL_FROM,
        "MAIL_REPLY_TO": MAIL_REPLY_TO,
        **smtp_settings(endpoints.smtp),
    }


def _robot_key(credentials: Credentials) -> str:
    # A key of its own, of which the gateway cannot learn identity's; stacks made before need no new file of secrets.
    return hmac.new(credentials.identity_private_key.encode(), b"robot box", "sha256").hexdigest()


def _administration(endpoints: Endpoints) -> dict[str, str]:
    store = endpoints.object_store
    return {
        "OPS_POSTGRES_URL": endpoints.postgres,
        "OPS_RABBITMQ_URL": endpoints.amqp,
        "OPS_RABBITMQ_MANAGEMENT_URL": endpoints.management,
        "OPS_S3_ENDPOINT": store.url,
        "OPS_S3_REGION": store.region,
        "OPS_S3_ACCESS_KEY": store.admin.access,
        "OPS_S3_SECRET_KEY": store.admin.secret,
        "OPS_SMTP_URL": endpoints.smtp,
    }
