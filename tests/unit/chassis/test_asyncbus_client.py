"""What the client of the bus sends, and how a call ends that meets a channel in the moment it closes."""

import asyncio

import aiormq
import pytest
from espace_contracts import identity, payments
from espace_contracts.errors import Unavailable

from chassis.asyncbus import BusClient


class Closing:
    """A channel that the broker is closing: aiormq says so by an error that is none of AMQP's."""

    async def basic_publish(self, *_: object, **__: object) -> None:
        raise aiormq.exceptions.ChannelInvalidStateError("closed")


def test_r06_a_channel_that_closes_just_now_makes_the_service_unavailable_and_no_incident() -> None:
    async def call() -> None:
        client = BusClient("amqp://gateway:of-the-tests@nowhere/")
        client._channel = Closing()
        client._ready.set()
        await client.call(identity.CHECK_SESSION, identity.SessionToken(token_hash="a" * 64))

    with pytest.raises(Unavailable):
        asyncio.run(call())


class Listening:
    """A channel that keeps what is published, and closes then."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []

    async def basic_publish(self, body: bytes, **_: object) -> None:
        self.bodies.append(body)
        raise ConnectionResetError


def test_r20_members_that_are_not_set_are_not_sent_to_a_service_that_may_not_know_them() -> None:
    channel = Listening()

    async def call() -> None:
        client = BusClient("amqp://gateway:of-the-tests@nowhere/")
        client._channel = channel
        client._ready.set()
        await client.call(
            payments.TICK_PAYMENTS, payments.TickPayments.model_construct(siret="1", idempotency_key=None)
        )

    with pytest.raises(Unavailable):
        asyncio.run(call())
    assert b"null" not in channel.bodies[0]
    assert b'"siret":"1"' in channel.bodies[0]
