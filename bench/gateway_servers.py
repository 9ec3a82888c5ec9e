"""What `bench.gateway` compares: a GET is answered from one call over the bus, as JSON. Each runs in a process of its own.

All ask the same service of canned answers, `services`. Ours is the real gateway: its route, session, headers and log.
"""

import asyncio
import secrets
import sys
from typing import Any
from uuid import uuid4

ANSWER, SESSION = "payments.list_payments", "identity.check_session"
SIRET = "73282932000074"


def services(amqp_url: str, _port: int) -> None:
    """`payments` and `identity`, each with the one method that the measurement needs."""
    import os

    import eventlet

    eventlet.monkey_patch()  # before anything else is imported
    from dataclasses import replace

    from espace_contracts import identity, payments, samples
    from nameko.runners import ServiceRunner

    from chassis.bus import rpc
    from ops.endpoints import ADMIN

    page = payments.PaymentsPage.model_validate(samples.answer_sample(ANSWER))
    session = identity.Session.model_validate(samples.answer_sample(SESSION))
    wait = float(os.environ.get("BENCH_CALL_SECONDS", "0"))
    open_to = {"callers": frozenset({ADMIN}), "identified": False}

    class Payments:
        name = payments.SERVICE

        @rpc(replace(payments.LIST_PAYMENTS, **open_to))
        def list_payments(self, request: payments.ListPayments) -> payments.PaymentsPage:
            """Always the same page, after what a database would take."""
            eventlet.sleep(wait)
            return page

    class Identity:
        name = identity.SERVICE

        @rpc(replace(identity.CHECK_SESSION, **open_to))
        def check_session(self, request: identity.SessionToken) -> identity.Session:
            """Everybody is known."""
            return session

    runner = ServiceRunner({"AMQP_URI": amqp_url, "AMQP_SSL": False, "max_workers": 32, "HEARTBEAT": 20})
    runner.add_service(Payments)
    runner.add_service(Identity)
    runner.start()
    runner.wait()


def ours(amqp_url: str, port: int) -> None:
    """The gateway as `python -m gateway` serves it."""
    from base64 import b64encode

    import uvicorn
    from nacl.public import PrivateKey
    from pydantic import SecretStr

    import chassis.logging
    from chassis.asyncbus import BusClient
    from gateway.app import create_app
    from gateway.settings import Settings

    chassis.logging.configure("INFO", process="gateway")
    key = b64encode(bytes(PrivateKey(b"k" * 32).public_key)).decode()
    settings = Settings(
        amqp_url=SecretStr(amqp_url), identity_public_key=key, robot_key=SecretStr(secrets.token_urlsafe(32))
    )
    app = create_app(settings, BusClient(amqp_url), manifest={})
    uvicorn.run(app, host="127.0.0.1", port=port, log_config=None, access_log=False, server_header=False)


def nameko_http(amqp_url: str, port: int) -> None:
    """nameko's own HTTP entrypoint and proxy."""
    import eventlet

    eventlet.monkey_patch()  # before anything else is imported
    import json

    from nameko.containers import ServiceContainer
    from nameko.rpc import RpcProxy
    from nameko.web.handlers import http

    class Door:
        name = "bench_door"
        payments = RpcProxy("payments")

        @http("GET", "/api/v1/payments")
        def list_payments(self, request: Any) -> tuple[int, dict[str, str], str]:
            """One call, as JSON."""
            page = self.payments.list_payments({"siret": SIRET})
            return 200, {"Content-Type": "application/json"}, json.dumps(page)

    config = {"AMQP_URI": amqp_url, "WEB_SERVER_ADDRESS": f"127.0.0.1:{port}", "max_workers": 32}
    container = ServiceContainer(Door, config)
    container.start()
    container.wait()


class PlainClient:
    """nameko's protocol on aio-pika, as its tutorial of RPC writes it."""

    def __init__(self, amqp_url: str) -> None:
        self.amqp_url, self.key = amqp_url, str(uuid4())
        self.waiting: dict[str, asyncio.Future[bytes]] = {}

    async def start(self) -> None:
        """Connect, and listen for replies."""
        import aio_pika

        self.connection = await aio_pika.connect_robust(self.amqp_url)
        channel = await self.connection.channel()
        self.exchange = await channel.get_exchange("nameko-rpc")
        queue = await channel.declare_queue(f"rpc.reply-{self.key}", exclusive=True)
        await queue.bind(self.exchange, self.key)
        await queue.consume(self.hear, no_ack=True)

    async def hear(self, message: Any) -> None:
        """A reply has come."""
        self.waiting.pop(message.correlation_id).set_result(message.body)

    async def call(self, request: dict[str, Any]) -> Any:
        """The result of `payments.list_payments`."""
        import aio_pika
        import orjson

        key = uuid4().hex
        future = self.waiting[key] = asyncio.get_running_loop().create_future()
        body = orjson.dumps({"args": [request], "kwargs": {}})
        message = aio_pika.Message(
            body, content_type="application/json", content_encoding="utf-8", correlation_id=key, reply_to=self.key
        )
        await self.exchange.publish(message, ANSWER)
        return orjson.loads(await future)["result"]


def aio_pika(amqp_url: str, port: int) -> None:
    """FastAPI with that client."""
    client = PlainClient(amqp_url)

    async def answer() -> Any:
        return await client.call({"siret": SIRET})

    _fastapi(answer, port, start=client.start)


def floor(_amqp_url: str, port: int) -> None:
    """FastAPI that asks nobody."""
    from espace_contracts import samples

    page = samples.answer_sample(ANSWER)

    async def answer() -> Any:
        return page

    _fastapi(answer, port)


def _fastapi(answer: Any, port: int, *, start: Any = None) -> None:
    from contextlib import asynccontextmanager

    import uvicorn
    from fastapi import FastAPI
    from fastapi.responses import JSONResponse

    @asynccontextmanager
    async def life(_app: FastAPI) -> Any:
        if start is not None:
            await start()
        yield

    app = FastAPI(lifespan=life)

    @app.get("/api/v1/payments")
    async def list_payments() -> JSONResponse:
        return JSONResponse(await answer())

    uvicorn.run(app, host="127.0.0.1", port=port, log_config=None, access_log=False)


if __name__ == "__main__":
    SERVERS = {"services": services, "ours": ours, "nameko_http": nameko_http, "aio_pika": aio_pika, "floor": floor}
    SERVERS[sys.argv[1]](sys.argv[2], int(sys.argv[3]))
