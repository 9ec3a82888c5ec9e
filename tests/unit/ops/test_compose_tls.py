"""Broker and databases by TLS in containers: who believes whom, and that nothing is left in clear (K32)."""

from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml

from ops import container_secrets
from ops.environment import PROCESSES

ROOT = Path(__file__).resolve().parents[3]
TLS: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.tls.yml").read_text(encoding="utf-8"))
CONTAINERS = TLS["services"]
MAIN = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))["services"]
CA = CONTAINERS["secrets"]["environment"]["OPS_TLS_CA_FILE"]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Every setting that the job `secrets` writes with this file, by container and name."""
    root = tmp_path_factory.mktemp("secrets")
    container_secrets.make(root, given_folder=root / "none", variables={"OPS_TLS_CA_FILE": CA})
    return {f"{file.parent.name}/{file.name}": file.read_text() for file in root.glob("*/*")}


def test_k32_no_address_of_broker_or_database_is_in_clear(made: dict[str, str]) -> None:
    databases = {name: urlsplit(text) for name, text in made.items() if text.startswith("postgresql:")}
    assert len(databases) >= 10
    for name, url in databases.items():
        assert parse_qs(url.query) == {"sslmode": ["verify-full"], "sslrootcert": [CA]}, name
    brokers = {name: text for name, text in made.items() if "@rabbitmq:" in text}
    assert len(brokers) >= 6
    assert {urlsplit(text).scheme + str(urlsplit(text).port) for text in brokers.values()} == {
        "amqps5671",
        "https15671",
    }
    assert {made[f"{process}/{process}_ca_file"] for process in PROCESSES} == {CA}


def test_k32_servers_listen_by_tls_alone(made: dict[str, str]) -> None:
    broker = TLS["configs"]["rabbitmq-tls"]["content"].splitlines()
    assert {"listeners.tcp = none", "listeners.ssl.default = 5671", "management.ssl.port = 15671"} <= set(broker)
    rules = [line.split()[0] for line in TLS["configs"]["postgres-tls"]["content"].splitlines()]
    assert rules == ["local", "hostssl"]
    command = CONTAINERS["postgres"]["command"]
    assert "-cssl=on" in command
    kept = [part for part in MAIN["postgres"]["command"] if "=" in part]
    assert [part for part in kept if f"-c{part}" not in command] == [], "what the first file sets stays set"


def test_k32_whoever_reaches_them_has_the_authority_and_the_servers_alone_the_key() -> None:
    whole = {name for name, one in CONTAINERS.items() if "${SERVERS_TLS_DIR}:/run/tls:ro" in one.get("volumes", [])}
    authority = {name for name, one in CONTAINERS.items() if any("/ca.pem:" in file for file in one.get("volumes", []))}
    assert whole == {"rabbitmq", "postgres"}
    reaching = {
        name for name, one in MAIN.items() if {"bus", "databases"} & set(one.get("networks", [])) and name not in whole
    }
    assert authority == reaching
    jobs = reaching - set(PROCESSES)
    assert {CONTAINERS[name]["environment"]["SSL_CERT_FILE"] for name in jobs} == {CA}
