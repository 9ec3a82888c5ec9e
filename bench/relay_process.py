"""A process with our relay and nothing else, for `bench.relay`."""

import os


def serve(database_url: str, amqp_url: str) -> None:
    """Relay until killed."""
    os.environ.setdefault("PSYCOPG_WAIT_FUNC", "wait_selector")
    import eventlet

    eventlet.monkey_patch()  # before anything else is imported
    from types import SimpleNamespace

    from nameko.containers import ServiceContainer
    from pydantic import SecretStr

    from chassis.relay import OutboxRelay

    class Relay:
        name = "bench_relay"
        relay = OutboxRelay()

    settings = SimpleNamespace(worker_database_url=SecretStr(database_url))
    container = ServiceContainer(Relay, {"AMQP_URI": amqp_url, "AMQP_SSL": False, "settings": settings})
    container.start()
    while True:
        eventlet.sleep(60)
