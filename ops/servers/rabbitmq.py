"""A private RabbitMQ node out of Debian's `rabbitmq-server`, for any user, all of it on 127.0.0.1."""

import secrets
from dataclasses import dataclass
from pathlib import Path

from ops import probes
from ops.endpoints import ADMIN
from ops.ports import LOOPBACK, Ports
from ops.servers.placing import STOP_SERVERS, Place, write_closed
from ops.supervisor import Program

NAME = "rabbitmq"
PORT_MAPPER = "epmd"
# The wrappers in /usr/sbin refuse every user but root and rabbitmq; these do not.
SCRIPTS = "/usr/lib/rabbitmq/lib/rabbitmq_server-*/sbin"
ERLANG = "/usr/lib/erlang/erts-*/bin"
PLUGINS = "[rabbitmq_management,rabbitmq_prometheus].\n"
# Distribution would listen on every address; busy waiting would take the other processes' share of two cores.
ERLANG_FLAGS = "-kernel inet_dist_use_interface {127,0,0,1} +sbwt none +sbwtdcpu none +sbwtdio none"


class CannotRun(Exception):
    """RabbitMQ is not installed."""


@dataclass(frozen=True)
class Node:
    """The two programs of a broker: Erlang's port mapper first, then the node."""

    port_mapper: Program
    broker: Program


def prepare(place: Place, *, ports: Ports, password: str, vhost: str) -> Node:
    """Write the node's configuration and tell how it runs. Raises CannotRun."""
    folder = place.folder(NAME)
    write_closed(folder / "rabbitmq.conf", _configuration(ports, password=password, vhost=vhost))
    (folder / "enabled_plugins").write_text(PLUGINS, encoding="ascii")
    _ensure_cookie(folder / ".erlang.cookie")
    environment = place.environment(**_node_variables(folder, ports, name=f"espace-{place.stack.digest}@localhost"))
    broker = Program(
        name=NAME,
        command=(str(_newest(SCRIPTS) / "rabbitmq-server"),),
        environment=environment,
        log=place.log("rabbitmq.jsonl"),
        folder=folder,
        ready=probes.all_of(probes.amqp(ports.amqp), probes.http(ports.management, "/")),
        ready_within=90.0,
        stop_within=STOP_SERVERS,
    )
    # Started by us and in the foreground: the one that Erlang starts by itself would outlive everything.
    port_mapper = Program(
        name=PORT_MAPPER,
        command=(str(_newest(ERLANG) / "epmd"), "-port", str(ports.epmd), "-address", LOOPBACK),
        environment=environment,
        log=place.log("epmd.log"),
        folder=folder,
        ready=probes.listening(ports.epmd),
    )
    return Node(port_mapper, broker)


def _node_variables(folder: Path, ports: Ports, *, name: str) -> dict[str, str]:
    """What the node needs in its environment; *name* is its own, since a port mapper takes each name once."""
    return {
        "HOME": str(folder),  # the cookie lies there
        "RABBITMQ_NODENAME": name,
        "RABBITMQ_DIST_PORT": str(ports.distribution),
        "ERL_EPMD_PORT": str(ports.epmd),
        "ERL_EPMD_ADDRESS": LOOPBACK,
        "RABBITMQ_MNESIA_BASE": str(folder / "mnesia"),
        "RABBITMQ_LOG_BASE": str(folder / "log"),
        "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
        "RABBITMQ_ADVANCED_CONFIG_FILE": str(folder / "advanced.config"),
        "RABBITMQ_CONF_ENV_FILE": str(folder / "none.conf"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
        "RABBITMQ_GENERATED_CONFIG_DIR": str(folder / "generated"),
        "RABBITMQ_PID_FILE": str(folder / "pid"),
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": ERLANG_FLAGS,
        # Makes the script become the Erlang machine, which ends in good order at SIGTERM, instead of watching it.
        "RUNNING_UNDER_SYSTEMD": "true",
    }


def _configuration(ports: Ports, *, password: str, vhost: str) -> str:
    lines = {
        "listeners.tcp.default": f"{LOOPBACK}:{ports.amqp}",
        "management.tcp.ip": LOOPBACK,
        "management.tcp.port": ports.management,
        "prometheus.tcp.ip": LOOPBACK,
        "prometheus.tcp.port": ports.prometheus,
        "default_user": ADMIN,  # instead of guest, who never exists
        "default_pass": password,
        "default_vhost": vhost,
        "log.console": "true",
        "log.console.formatter": "json",
        "log.file": "false",
    }
    return "".join(f"{name} = {value}\n" for name, value in lines.items())


def _ensure_cookie(path: Path) -> None:
    if not path.exists():
        write_closed(path, secrets.token_hex(20))
        path.chmod(0o400)


def _newest(pattern: str) -> Path:
    found = sorted(Path("/").glob(pattern.lstrip("/")))
    if not found:
        raise CannotRun("RabbitMQ is not installed: apt-get install rabbitmq-server")
    return found[-1]
