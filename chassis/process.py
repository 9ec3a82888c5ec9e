"""Run one service: `python -m chassis.process services.identity`.

Everything that must come before the first import of a network library happens here.
"""

import os

os.environ.setdefault("PSYCOPG_WAIT_FUNC", "wait_selector")  # psycopg's C wait would stop the whole process

import eventlet

eventlet.monkey_patch()

import importlib
import signal
import sys
from typing import Any

import structlog
from eventlet.event import Event
from nameko.containers import ServiceContainer
from pydantic import ValidationError

from chassis import hubwatch, metrics, tracing
from chassis.logging import configure
from chassis.memory import give_large_blocks_back, leave_alone_what_stays
from chassis.names import resolve_anew
from chassis.service import service_class
from chassis.settings import ServiceSettings, faults_of
from chassis.threads import come_back_quickly
from chassis.tls import broker_options

log = structlog.get_logger()

STOP_SECONDS = 12  # after SIGTERM: what is not finished by then goes back to the broker


def read_settings(package: str) -> ServiceSettings:
    """The settings of *package*; ends the process with all faults listed when there are any."""
    settings_class = importlib.import_module(f"{package}.settings").Settings
    try:
        return settings_class()
    except ValidationError as exc:
        for line in faults_of(exc, settings_class.model_config["env_prefix"]):
            sys.stderr.write(f"{line}\n")
        raise SystemExit(2) from exc


def nameko_config(settings: ServiceSettings) -> dict[str, Any]:
    """What nameko reads, and our settings beside it."""
    return {
        "AMQP_URI": settings.amqp_url.get_secret_value(),
        "AMQP_SSL": broker_options(settings.amqp_url.get_secret_value(), settings.ca_file),
        "WEB_SERVER_ADDRESS": f"{settings.http_host}:{settings.http_port}",
        "HEARTBEAT": 20,
        "max_workers": settings.max_workers,
        "settings": settings,
    }


def main(package: str) -> int:
    """Serve until SIGTERM or SIGINT; the exit code."""
    settings = read_settings(package)
    give_large_blocks_back()
    come_back_quickly()
    resolve_anew()
    service = service_class(package)
    configure(settings.log_level, process=service.name)
    tracing.configure(
        process=service.name, endpoint=settings.otlp_endpoint, share=settings.otlp_share, ca_file=settings.ca_file
    )
    metrics.HUB_GAP.set_function(hubwatch.longest_gap_seconds)
    hubwatch.start()
    life = Life(ServiceContainer(service, nameko_config(settings)))
    signal.signal(signal.SIGTERM, life.end)
    signal.signal(signal.SIGINT, life.end)
    life.begin(port=settings.http_port)
    life.wait()
    tracing.flush()
    log.info("process_stopped")
    return 0


class Life:
    """A container from its start to its end, which comes within a bound whatever the broker does meanwhile."""

    def __init__(self, container: ServiceContainer) -> None:
        self._container = container
        self._over = Event()
        self._told = False

    def begin(self, *, port: int) -> None:
        """Start beside the main thread: a start waits for the broker, and a process that waits must end all the same."""
        eventlet.spawn_n(self._start, port)

    def _start(self, port: int) -> None:
        try:
            self._container.start()
            leave_alone_what_stays()
            log.info("process_started", port=port)
            self._container.wait()
        except Exception as exc:
            if not self._over.ready():
                self._over.send_exception(exc)
        else:
            self._finish()

    def end(self, *_: Any) -> None:
        """For signals; the first one counts."""
        if not self._told:
            self._told = True
            eventlet.spawn_n(self._stop)

    def _stop(self) -> None:
        """nameko waits for handlers without bound (trap 17), and for a broker that is away: after ours they are
        abandoned, and what is not acknowledged goes back to the broker with the connection."""
        try:
            with eventlet.Timeout(STOP_SECONDS, False):
                self._container.stop()
                self._finish()
                return
        except Exception:
            log.exception("stop_failed")
        log.warning("process_killed_at_stop")
        self._finish()

    def _finish(self) -> None:
        if not self._over.ready():
            self._over.send(None)

    def wait(self) -> None:
        """Until the end. Raises what ended it before its time."""
        self._over.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
