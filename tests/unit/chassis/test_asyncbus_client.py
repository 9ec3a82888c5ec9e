"""A call that meets a channel in the moment it closes ends like any call without a broker."""

import asyncio

import aiormq
import pytest
from espace_contracts import identity
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
