"""The four servers that `bench.rpc` compares, each in a process of its own.

All answer what they were asked: an object with a SIRET, a text and a number.
"""

import asyncio

PREFETCH = 16


def ours(amqp_url: str) -> None:
    """A service of ours, without its database: the entrypoint with deadline, caller, typed request and answer."""
    from bench.rpc_contract import ECHO, Echo, Echoed
    from chassis.bus import rpc

    class Ours:
        name = ECHO.service

        @rpc(ECHO)
        def echo(self, request: Echo) -> Echoed:
            """Says it again."""
            return Echoed(siret=request.siret, text=request.text, number=request.number)

    _serve(Ours, amqp_url)


def stock(amqp_url: str) -> None:
    """nameko as it comes."""
    from nameko.rpc import rpc

    from bench.rpc_contract import NAMES

    class Stock:
        name = NAMES["stock"]

        @rpc
        def echo(self, request: dict) -> dict:
            """Says it again."""
            return request

    _serve(Stock, amqp_url)


def _serve(service: type, amqp_url: str) -> None:
    from nameko.containers import ServiceContainer

    container = ServiceContainer(
        service, {"AMQP_URI": amqp_url, "AMQP_SSL": False, "max_workers": PREFETCH, "HEARTBEAT": 20}
    )
    container.start()
    container.wait()


async def aio_pikas(amqp_url: str) -> None:
    """aio-pika's own RPC pattern, in JSON."""
    import aio_pika
    from aio_pika.patterns import JsonRPC

    from bench.rpc_contract import NAMES

    async def echo(*, request: dict) -> dict:
        return request

    connection = await aio_pika.connect_robust(amqp_url)
    channel = await connection.channel()
    await channel.set_qos(prefetch_count=PREFETCH)
    calls = await JsonRPC.create(channel)
    await calls.register(NAMES["aio-pika"], echo, durable=True)
    await asyncio.Event().wait()


async def raw(amqp_url: str) -> None:
    """The floor: the bytes go back as they came."""
    import aiormq

    from bench.rpc_contract import NAMES

    connection = await aiormq.connect(amqp_url)
    channel = await connection.channel(publisher_confirms=False)
    await channel.basic_qos(prefetch_count=PREFETCH)
    await channel.queue_declare(NAMES["raw"], durable=True)

    async def echo(message: aiormq.abc.DeliveredMessage) -> None:
        asked = message.header.properties
        properties = aiormq.spec.Basic.Properties(correlation_id=asked.correlation_id, delivery_mode=1)
        await channel.basic_publish(message.body, routing_key=asked.reply_to or "", properties=properties)
        await channel.basic_ack(message.delivery.delivery_tag)

    await channel.basic_consume(NAMES["raw"], echo)
    await asyncio.Event().wait()


def serve(name: str, amqp_url: str) -> None:
    """Run the server *name* until it is killed."""
    if name in ("ours", "stock"):
        import eventlet

        eventlet.monkey_patch()  # before anything else is imported: the imports of the functions above stay inside
        {"ours": ours, "stock": stock}[name](amqp_url)
    else:
        asyncio.run({"aio-pika": aio_pikas, "raw": raw}[name](amqp_url))
