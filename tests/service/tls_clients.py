"""The ways in which processes and operators' commands reach broker and database over TLS, each one connection."""

import asyncio
from pathlib import Path

import kombu
import psycopg

from chassis.asyncbus import BusClient
from chassis.tls import broker_options


def by_kombu(url: str, authority: Path) -> None:
    """As services do."""
    with kombu.Connection(url, ssl=broker_options(url, authority), connect_timeout=5) as connection:
        connection.connect()


def by_aiormq(url: str, authority: Path, patience: float) -> None:
    """As the gateway does, which tries again by itself for *patience* seconds. Raises TimeoutError."""

    async def connect() -> None:
        client = BusClient(url, ca_file=authority)
        await client.start()
        try:
            async with asyncio.timeout(patience):
                while not client.connected:
                    await asyncio.sleep(0.02)
        finally:
            await client.close()

    asyncio.run(connect())


def by_psycopg(url: str, authority: Path) -> None:
    """As all do."""
    with psycopg.connect(f"{url}?sslmode=verify-full&sslrootcert={authority}", connect_timeout=5) as connection:
        connection.execute("select 1")
