"""Where the servers of a stack are: private ones on this machine, or existing ones named in the environment."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, unquote, urlsplit

from ops.credentials import Credentials, KeyPair
from ops.ports import LOOPBACK, Ports

ADMIN = "admin"


class BadAddress(Exception):
    """An address of an existing server in the environment cannot be used as it is."""


@dataclass(frozen=True)
class Names:
    """What a stack calls its own on the servers; two stacks may share servers, never names."""

    vhost: str
    prefix: str  # of databases and buckets

    def database(self, service: str) -> str:
        return f"{self.prefix}{service}"

    def bucket(self, owner: str) -> str:
        return f"{self.prefix.replace('_', '-')}{'exports' if owner == 'payments' else 'documents'}"


RUN_NAMES = Names(vhost="employeur", prefix="")
TEST_NAMES = Names(vhost="employeur-test", prefix="test_")


@dataclass(frozen=True)
class ObjectStoreEndpoint:
    """The S3 server and its administrator's key."""

    url: str
    region: str
    admin: KeyPair
    buckets: Mapping[str, KeyPair]  # by owner


@dataclass(frozen=True)
class Endpoints:
    """Administrators' addresses of all servers. `private` names those that the stack starts itself."""

    postgres: str
    amqp: str
    management: str
    object_store: ObjectStoreEndpoint
    smtp: str
    mailbox: str | None
    private: frozenset[str]


def find(environment: Mapping[str, str], credentials: Credentials, ports: Ports, names: Names) -> Endpoints:
    """The servers of a stack: existing ones where OPS_… names them, private ones otherwise. Raises BadAddress."""
    private = set()
    postgres = environment.get("OPS_POSTGRES_URL")
    if postgres is None:
        private.add("postgres")
        postgres = f"postgresql://{ADMIN}:{credentials.admin}@{LOOPBACK}:{ports.postgres}/postgres"
    amqp, management = environment.get("OPS_RABBITMQ_URL"), environment.get("OPS_RABBITMQ_MANAGEMENT_URL")
    if (amqp is None) != (management is None):
        raise BadAddress("OPS_RABBITMQ_URL and OPS_RABBITMQ_MANAGEMENT_URL go together")
    if amqp is None or management is None:
        private.add("rabbitmq")
        amqp = f"amqp://{ADMIN}:{credentials.admin}@{LOOPBACK}:{ports.amqp}/{names.vhost}"
        management = f"http://{ADMIN}:{credentials.admin}@{LOOPBACK}:{ports.management}"
    elif names != RUN_NAMES:
        amqp = urlsplit(amqp)._replace(path=f"/{quote(names.vhost, safe='')}").geturl()
    smtp, mailbox = environment.get("OPS_SMTP_URL"), environment.get("OPS_MAILBOX_URL")
    if smtp is None:
        private.add("mailcatcher")
        smtp, mailbox = f"smtp://{LOOPBACK}:{ports.smtp}", f"http://{LOOPBACK}:{ports.mailbox}"
    store = _existing_store(environment)
    if store is None:
        private.add("objectstore")
        url = f"http://{LOOPBACK}:{ports.s3}"
        store = ObjectStoreEndpoint(url, "us-east-1", credentials.object_store, credentials.buckets)
    return Endpoints(postgres, amqp, management, store, smtp, mailbox, frozenset(private))


def _existing_store(environment: Mapping[str, str]) -> ObjectStoreEndpoint | None:
    url = environment.get("OPS_S3_ENDPOINT")
    if url is None:
        return None
    try:
        admin = KeyPair(environment["OPS_S3_ACCESS_KEY"], environment["OPS_S3_SECRET_KEY"])
    except KeyError as exc:
        raise BadAddress(f"OPS_S3_ENDPOINT is set, {exc.args[0]} is not") from exc
    # A store of one's own has keys made by its own means: each service's in its variables, else the one given.
    buckets = {
        owner: KeyPair(
            environment.get(f"{owner.upper()}_S3_ACCESS_KEY", admin.access),
            environment.get(f"{owner.upper()}_S3_SECRET_KEY", admin.secret),
        )
        for owner in ("payments", "documents")
    }
    return ObjectStoreEndpoint(url, environment.get("OPS_S3_REGION", "us-east-1"), admin, buckets)


def with_login(url: str, *, user: str, password: str, path: str | None = None) -> str:
    """The same server for another user, and another database or vhost when *path* is given."""
    parts = urlsplit(url)
    place = parts.netloc.rpartition("@")[2]
    login = f"{quote(user, safe='')}:{quote(password, safe='')}"
    new_path = parts.path if path is None else f"/{quote(path, safe='')}"
    return parts._replace(netloc=f"{login}@{place}", path=new_path).geturl()


def with_database(url: str, name: str) -> str:
    """The same server and user, in another database."""
    return urlsplit(url)._replace(path=f"/{quote(name, safe='')}").geturl()


def smtp_settings(url: str) -> dict[str, str]:
    """SMTP_… settings out of smtp://, smtp+starttls:// or smtps://user:password@host:port."""
    parts = urlsplit(url)
    security = {"smtp": "none", "smtp+starttls": "starttls", "smtps": "tls"}.get(parts.scheme)
    if security is None or parts.hostname is None:
        raise BadAddress("OPS_SMTP_URL must be smtp://, smtp+starttls:// or smtps:// and name a host")
    default_port = {"none": 25, "starttls": 587, "tls": 465}[security]
    settings = {
        "SMTP_HOST": parts.hostname,
        "SMTP_PORT": str(parts.port or default_port),
        "SMTP_SECURITY": security,
    }
    if parts.username:
        settings |= {"SMTP_USER": unquote(parts.username), "SMTP_PASSWORD": unquote(parts.password or "")}
    return settings
