"""Complete settings files for each container, out of secrets that are made once and kept (K36).

A container sees its own folder alone. What is not random is written anew at each start, so that a changed setting
arrives. Settings of one's own come as variables, or as files named like them in lower case.
"""

import hmac
import json
import os
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import unquote, urlsplit

from ops import credentials, environment
from ops.credentials import Credentials, KeyPair
from ops.endpoints import ADMIN, RUN_NAMES, Endpoints, find
from ops.ports import Ports
from ops.servers.objectstore import identities

KEPT, CREDENTIALS = "kept", "credentials.json"
PREFIXES = ("IDENTITY_", "PAYMENTS_", "DOCUMENTS_", "GATEWAY_", "OPS_")
SHARED = "PUBLIC_URL"
CA_FILE = "OPS_TLS_CA_FILE"
CLIENTS, DEMO_CLIENT_URL = "OPS_BROKER_CLIENTS", "OPS_DEMO_CLIENT_URL"
OWNER_URL = "_OWNER_DATABASE_URL"
ANY_ADDRESS = "0.0.0.0"  # noqa: S104 - inside its container; the compose file decides what is published
SERVERS = ("postgres", "rabbitmq", "s3")
OWN_USER, OTHER_USERS = 0o400, 0o444  # servers run as users of their own, and each sees its folder alone


class GivenNamesUnknown(Exception):
    """Files in the folder of given settings that are named like no setting."""


def addresses(secrets: Credentials, ca_file: str | None = None) -> dict[str, str]:
    """The administrators' addresses of Compose's own servers; with *ca_file* those of broker and database speak TLS."""
    login = f"{ADMIN}:{secrets.admin}"
    return {
        **(_sealed(login, ca_file) if ca_file else _plain(login)),
        "OPS_S3_ENDPOINT": "http://s3:8333",
        "OPS_S3_ACCESS_KEY": secrets.object_store.access,
        "OPS_S3_SECRET_KEY": secrets.object_store.secret,
        "OPS_SMTP_URL": "smtp://mailpit:1025",
        **{f"{owner.upper()}_S3_ACCESS_KEY": key.access for owner, key in secrets.buckets.items()},
        **{f"{owner.upper()}_S3_SECRET_KEY": key.secret for owner, key in secrets.buckets.items()},
    }


def _plain(login: str) -> dict[str, str]:
    return {
        "OPS_POSTGRES_URL": f"postgresql://{login}@postgres:5432/postgres",
        "OPS_RABBITMQ_URL": f"amqp://{login}@rabbitmq:5672/{RUN_NAMES.vhost}",
        "OPS_RABBITMQ_MANAGEMENT_URL": f"http://{login}@rabbitmq:15672",
    }


def _sealed(login: str, ca_file: str) -> dict[str, str]:
    verified = f"sslmode=verify-full&sslrootcert={ca_file}"
    return {
        "OPS_POSTGRES_URL": f"postgresql://{login}@postgres:5432/postgres?{verified}",
        "OPS_RABBITMQ_URL": f"amqps://{login}@rabbitmq:5671/{RUN_NAMES.vhost}",
        "OPS_RABBITMQ_MANAGEMENT_URL": f"https://{login}@rabbitmq:15671",
        **{f"{process.upper()}_CA_FILE": ca_file for process in environment.PROCESSES},
    }


def given(folder: Path) -> dict[str, str]:
    """Settings from files, by variable. Raises GivenNamesUnknown."""
    files = sorted(path for path in folder.iterdir() if path.is_file()) if folder.is_dir() else []
    settings = {path.name.upper(): path.read_text(encoding="utf-8").strip() for path in files}
    unknown = [name for name in settings if not name.startswith(PREFIXES) and name != SHARED]
    if unknown:
        raise GivenNamesUnknown(", ".join(unknown))
    return settings


def folders(secrets: Credentials, variables: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """What each container gets to read: file name to content, by its folder. Raises BadAddress."""
    chosen = {name: value for name, value in variables.items() if value}
    known = _without_replaced(addresses(secrets, chosen.get(CA_FILE)), chosen) | chosen
    endpoints = find(known, secrets, Ports(), RUN_NAMES)
    made = environment.settings(endpoints, credentials=secrets, ports=Ports(), names=RUN_NAMES, overrides=known)
    migrate = made.migrate | {name: value for name, value in known.items() if name.endswith(OWNER_URL)}
    # The demo's own user is made by a job of its profile: a start without it has none.
    migrate |= {CLIENTS: known.get(CLIENTS, ""), DEMO_CLIENT_URL: made.demo_amqp}
    processes = {
        name: {variable: value for variable, value in settings.items() if not variable.endswith(OWNER_URL)}
        | {f"{name.upper()}_HTTP_HOST": ANY_ADDRESS}
        | ({"GATEWAY_OPERATORS_HOST": ANY_ADDRESS} if name == "gateway" else {})
        for name, settings in made.processes.items()
    }
    return {
        **{name: _as_files(settings) for name, settings in processes.items()},
        "migrate": _as_files({name: value for name, value in migrate.items() if _is_for_migration(name)}),
        "demo": {"amqp_url": made.demo_amqp},
        "postgres": _postgres_files(endpoints),
        "rabbitmq": {"rabbitmq.conf": _broker_configuration(endpoints)},
        "s3": {
            "s3.json": json.dumps(identities(endpoints.object_store.admin, _bucket_keys(endpoints))),
            "security.toml": _store_security(secrets),
        },
    }


def _without_replaced(own: Mapping[str, str], chosen: Mapping[str, str]) -> dict[str, str]:
    """Of a server that is elsewhere nothing of ours is right: neither its other address nor a key made here."""
    elsewhere = [server for server in ("_RABBITMQ_", "_S3_") if any(f"OPS{server}" in name for name in chosen)]
    return {name: value for name, value in own.items() if not any(server in name for server in elsewhere)}


def _is_for_migration(variable: str) -> bool:
    # It makes users, databases and buckets; the keys of identity are no business of it.
    return variable.startswith("OPS_") or variable.endswith(("_DATABASE_URL", "_AMQP_URL", "_S3_BUCKET"))


def _as_files(settings: Mapping[str, str]) -> dict[str, str]:
    return {variable.lower(): value for variable, value in settings.items()}


def _postgres_files(endpoints: Endpoints) -> dict[str, str]:
    parts = urlsplit(endpoints.postgres)
    return {"user": unquote(parts.username or ""), "password": unquote(parts.password or "")}


def _broker_configuration(endpoints: Endpoints) -> str:
    parts = urlsplit(endpoints.amqp)
    lines = {
        "default_user": unquote(parts.username or ""),
        "default_pass": unquote(parts.password or ""),
        "default_vhost": unquote(parts.path[1:]),
    }
    return "".join(f"{name} = {value}\n" for name, value in lines.items())


def _store_security(secrets: Credentials) -> str:
    # Without this key SeaweedFS lets whoever reaches the door's second port (gRPC) make himself an administrator.
    key = hmac.new(secrets.object_store.secret.encode(), b"filer signing", "sha256").hexdigest()
    return f'[jwt.filer_signing]\nkey = "{key}"\n'


def _bucket_keys(endpoints: Endpoints) -> dict[str, KeyPair]:
    return {RUN_NAMES.bucket(owner): key for owner, key in endpoints.object_store.buckets.items()}


def write(target: Path, files: Mapping[str, str], *, mode: int) -> None:
    """Make *target* hold exactly *files*; each appears whole."""
    target.mkdir(mode=0o755, exist_ok=True)
    for stale in target.iterdir():
        if stale.name not in files:
            stale.unlink()
    for name, content in files.items():
        draft = target / f".{name}"
        draft.unlink(missing_ok=True)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w", encoding="utf-8") as file:
            file.write(content)
        draft.rename(target / name)


def make(root: Path, *, given_folder: Path, variables: Mapping[str, str]) -> int:
    """Write all folders below *root*; the number of them. Raises BadAddress, GivenNamesUnknown."""
    kept = root / KEPT
    kept.mkdir(mode=0o700, exist_ok=True)
    made = folders(credentials.load(kept / CREDENTIALS), {**given(given_folder), **variables})
    for name, files in made.items():
        write(root / name, files, mode=OTHER_USERS if name in SERVERS else OWN_USER)
    return len(made)
