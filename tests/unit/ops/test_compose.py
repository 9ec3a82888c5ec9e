"""The compose file and the image file as they are written: who is reachable, who may write, where secrets come from."""

import importlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings

from ops import container_secrets, credentials
from ops.container_jobs import JOBS
from ops.endpoints import BadAddress
from ops.settings_check import SETTINGS

ROOT = Path(__file__).resolve().parents[3]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
CONTAINERS: dict[str, dict[str, Any]] = COMPOSE["services"]
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
PROCESSES = ("identity", "payments", "documents", "gateway")
ONE_SHOTS = ("secrets", "migrate", "demo-client", "demo")
SERVERS = ("rabbitmq", "postgres", "store", "s3")
WORD_OF_SECRET = re.compile(r"pass|secret|key|token|credential", re.IGNORECASE)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, str]]:
    """What the job `secrets` writes when nothing is given: content by file, by folder."""
    root = tmp_path_factory.mktemp("secrets")
    container_secrets.make(root, given_folder=root / "none", variables={})
    return {folder.name: {file.name: file.read_text() for file in folder.iterdir()} for folder in root.iterdir()}


def subpath(container: str) -> str:
    """The folder of the volume `secrets` that *container* sees."""
    folders = [one["volume"]["subpath"] for one in CONTAINERS[container]["volumes"] if isinstance(one, dict)]
    assert len(folders) == 1
    return folders[0]


def settings_class(process: str) -> type[BaseSettings]:
    """The settings of *process*."""
    return importlib.import_module(SETTINGS[process]).Settings


def variables_of(settings: type[BaseSettings]) -> dict[str, FieldInfo]:
    """Its fields, by the variables that fill them."""
    prefix = settings.model_config["env_prefix"]
    return {
        str(field.validation_alias or f"{prefix}{name}").upper(): field for name, field in settings.model_fields.items()
    }


def strings(value: Any) -> Iterator[str]:
    """Every text in a piece of the file."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from strings(key)
            yield from strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from strings(inner)
    else:
        yield str(value)


def test_only_the_gateway_and_the_demo_mailbox_publish_a_port_and_on_loopback_alone() -> None:
    published = {name: one["ports"] for name, one in CONTAINERS.items() if "ports" in one}
    assert set(published) == {"gateway", "mailpit"}
    assert CONTAINERS["mailpit"]["profiles"] == ["demo"]
    assert published["gateway"] == ["127.0.0.1:${PORT:-8000}:8000"]
    assert all(port.startswith("127.0.0.1:") for ports in published.values() for port in ports)
    assert not [name for name, one in CONTAINERS.items() if one.get("network_mode") == "host"]


def test_networks_of_broker_databases_and_files_lead_nowhere() -> None:
    internal = {name for name, one in COMPOSE["networks"].items() if one.get("internal")}
    assert internal == {"bus", "databases", "files", "store"}
    for server in SERVERS:
        assert set(CONTAINERS[server]["networks"]) <= internal


def test_k31_only_the_s3_door_reaches_the_store_behind_it() -> None:
    assert {name for name, one in CONTAINERS.items() if "store" in one.get("networks", [])} == {"store", "s3"}


@pytest.mark.parametrize("name", sorted(CONTAINERS))
def test_k37_no_container_gains_rights_or_takes_the_whole_machine(name: str) -> None:
    container = CONTAINERS[name]
    assert container["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in container["security_opt"]
    assert not container.get("privileged")
    limits = container["deploy"]["resources"]["limits"]
    assert float(limits["cpus"]) <= 1.0, "an engine refuses more processors than it has"
    assert limits["memory"]
    assert limits["pids"]


@pytest.mark.parametrize("name", [*PROCESSES, *ONE_SHOTS, "operate"])
def test_k37_our_containers_are_nobody_and_write_nothing(name: str) -> None:
    container = CONTAINERS[name]
    assert container["read_only"] is True
    assert container["user"] == "10001:10001"
    assert "cap_add" not in container


def test_k37_images_end_as_nobody_and_pull_no_frontend() -> None:
    final = DOCKERFILE.rpartition("\nFROM ")[2]
    assert re.search(r"^USER 10001:10001$", final, re.MULTILINE)
    assert not re.search(r"^#\s*syntax=", DOCKERFILE, re.MULTILINE)
    installs = re.findall(r"\binstall --no-input .*", DOCKERFILE)
    assert installs
    assert all("--require-hashes" in line for line in installs)


@pytest.mark.parametrize("name", [*PROCESSES, *SERVERS])
def test_what_serves_is_restarted_and_what_is_a_job_is_not(name: str) -> None:
    assert CONTAINERS[name]["restart"] == "unless-stopped"
    assert all(CONTAINERS[job]["restart"] == "no" for job in ONE_SHOTS)


def test_what_serves_has_a_health_check() -> None:
    for server in SERVERS:
        assert CONTAINERS[server]["healthcheck"]["test"]
    for process, port in zip(PROCESSES, (8101, 8102, 8103, 8000), strict=True):
        stage = DOCKERFILE.partition(f"AS run-{process}\n")[2].partition("\nFROM ")[0]
        assert f"http://127.0.0.1:{port}/healthz" in stage


def test_processes_may_stop_within_their_own_bound() -> None:
    # Read, not imported: importing the module patches this process.
    source = (ROOT / "chassis" / "process.py").read_text(encoding="utf-8")
    bound = int(re.search(r"^STOP_SECONDS = (\d+)", source, re.MULTILINE)[1])
    for process in PROCESSES:
        assert int(CONTAINERS[process]["stop_grace_period"].removesuffix("s")) > bound


def test_processes_can_be_scaled() -> None:
    for process in ("identity", "payments", "documents"):
        assert not {"container_name", "ports", "hostname"} & set(CONTAINERS[process])


def test_every_job_is_awaited_by_something_that_stays() -> None:
    awaited = {
        name
        for container in PROCESSES
        for name, how in CONTAINERS[container]["depends_on"].items()
        if how["condition"] == "service_completed_successfully"
    }
    awaited |= {name for server in SERVERS for name in CONTAINERS[server]["depends_on"]}
    assert set(ONE_SHOTS) <= awaited, "`up --wait` takes a job that ended for a failure unless something waits for it"


def test_operators_commands_never_start_by_themselves_and_keep_backups_outside_of_the_container() -> None:
    operate = CONTAINERS["operate"]
    assert operate["profiles"] == ["operate"]
    assert operate["restart"] == "no"
    assert subpath("operate") == "migrate"
    assert "${ESPACE_BACKUPS:-backups}:/backups" in operate["volumes"]
    assert not [name for name, one in CONTAINERS.items() if "operate" in one.get("depends_on", {})]


def test_every_job_is_one_that_exists() -> None:
    assert {CONTAINERS[job]["command"][0] for job in ("secrets", "demo-client", "demo")} == set(JOBS) - {"rotate"}
    assert CONTAINERS["migrate"]["entrypoint"] + CONTAINERS["migrate"]["command"] == [
        "python",
        "-m",
        "ops.cli",
        "migrate",
    ]


def test_k36_no_secret_and_no_default_password_is_written_down() -> None:
    for name, container in CONTAINERS.items():
        for variable, value in container.get("environment", {}).items():
            if WORD_OF_SECRET.search(variable):
                assert str(value).startswith("/run/espace"), f"{name}: {variable} must be a file"
    urls_with_password = [text for text in strings(COMPOSE) if re.search(r"://[^/\s]*:[^/\s]*@", text)]
    assert urls_with_password == []
    assert not re.search(r"guest|changeme|minioadmin|postgres:postgres", (ROOT / "docker-compose.yml").read_text())


def test_k36_each_container_sees_its_own_secrets_and_no_other(made: dict[str, dict[str, str]]) -> None:
    for name in (*PROCESSES, "migrate", "demo", "postgres", "rabbitmq"):
        assert subpath(name) == name
    assert subpath("s3") == subpath("store") == "s3"
    whole = [name for name, one in CONTAINERS.items() if "secrets:/secrets" in one.get("volumes", [])]
    assert whole == ["secrets"]
    readers = set(made) - {container_secrets.KEPT}
    assert readers == {subpath(name) for name in CONTAINERS if name not in ("secrets", "mailpit")}
    private = made["identity"]["identity_private_key"]
    assert [name for name in readers if private in made[name].values()] == ["identity"]


@pytest.mark.parametrize("process", PROCESSES)
def test_every_setting_without_a_default_is_given(process: str, made: dict[str, dict[str, str]]) -> None:
    settings = settings_class(process)
    given = {name.upper() for name in made[process]} | set(CONTAINERS[process].get("environment", {}))
    needed = {variable for variable, field in variables_of(settings).items() if field.is_required()}
    assert needed
    assert needed - given == set()


@pytest.mark.parametrize("process", PROCESSES)
def test_the_settings_made_are_accepted(process: str, made: dict[str, dict[str, str]], tmp_path: Path) -> None:
    for name, content in made[process].items():
        (tmp_path / name).write_text(content)
    settings = settings_class(process)(_secrets_dir=tmp_path)
    assert settings.model_dump()["http_host"] == container_secrets.ANY_ADDRESS, (
        "in a container 127.0.0.1 is reached by nobody"
    )


def test_secrets_are_random_kept_and_closed(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    for root in (first, second):
        root.mkdir()
        container_secrets.make(root, given_folder=tmp_path / "none", variables={})
    before = (first / "postgres" / "password").read_text()
    assert len(before) >= 32
    assert before != (second / "postgres" / "password").read_text()
    container_secrets.make(first, given_folder=tmp_path / "none", variables={})
    assert (first / "postgres" / "password").read_text() == before
    assert (first / container_secrets.KEPT).stat().st_mode & 0o077 == 0
    assert (first / "identity" / "identity_private_key").stat().st_mode & 0o377 == 0
    kept = credentials.load(first / container_secrets.KEPT / "credentials.json")
    assert kept.admin == before


def test_k36_user_of_the_demo_is_made_under_its_profile_alone(made: dict[str, dict[str, str]]) -> None:
    assert made["migrate"]["ops_broker_clients"] == ""
    assert made["migrate"]["ops_demo_client_url"] == made["demo"]["amqp_url"]
    assert CONTAINERS["demo-client"]["profiles"] == CONTAINERS["demo"]["profiles"] == ["demo"]
    assert subpath("demo-client") == "migrate"


def test_k36_rotation_renews_what_each_start_sets_and_leaves_what_servers_and_mails_remember(tmp_path: Path) -> None:
    container_secrets.make(tmp_path, given_folder=tmp_path / "none", variables={})
    file = tmp_path / container_secrets.KEPT / container_secrets.CREDENTIALS
    before = credentials.load(file)
    credentials.rotate(file)
    after = credentials.load(file)
    for renewed in ("databases", "broker", "buckets"):
        old, new = getattr(before, renewed), getattr(after, renewed)
        assert old.keys() == new.keys()
        assert not [name for name in old if old[name] == new[name]]
    for kept in ("admin", "object_store", "identity_private_key", "identity_public_key", "mail_key"):
        assert getattr(before, kept) == getattr(after, kept)
    assert file.stat().st_mode & 0o077 == 0
    container_secrets.make(tmp_path, given_folder=tmp_path / "none", variables={})
    assert after.databases["payments_app"] in (tmp_path / "payments" / "payments_database_url").read_text()


def test_given_settings_win_and_leave_when_they_are_taken_away(tmp_path: Path) -> None:
    root, given = tmp_path / "root", tmp_path / "given"
    root.mkdir()
    given.mkdir()
    (given / "ops_smtp_url").write_text("smtp+starttls://relay:pass%40word@relay.example\n")
    (given / "identity_owner_database_url").write_text("postgresql://identity_owner:mine@postgres:5432/identity")
    variables = {"PUBLIC_URL": "https://espace.example", "PAYMENTS_MAX_WORKERS": "20", "IDENTITY_LOG_LEVEL": ""}
    container_secrets.make(root, given_folder=given, variables=variables)
    identity = {file.name: file.read_text() for file in (root / "identity").iterdir()}
    assert identity["identity_smtp_host"] == "relay.example"
    assert identity["identity_smtp_port"] == "587"
    assert identity["identity_smtp_password"] == "pass@word"
    assert identity["public_url"] == "https://espace.example"
    assert "identity_log_level" not in identity, "Compose hands an unset variable over as an empty one"
    assert "identity_owner_database_url" not in identity
    assert ":mine@" in (root / "migrate" / "identity_owner_database_url").read_text()
    assert (root / "payments" / "payments_max_workers").read_text() == "20"
    container_secrets.make(root, given_folder=tmp_path / "none", variables={})
    assert (root / "identity" / "identity_smtp_host").read_text() == "mailpit"
    assert not (root / "identity" / "identity_smtp_password").exists()


def test_a_store_elsewhere_gets_none_of_the_keys_made_here(tmp_path: Path) -> None:
    store = {"OPS_S3_ENDPOINT": "https://rgw.example", "OPS_S3_REGION": "fr", "OPS_S3_ACCESS_KEY": "operator"}
    with pytest.raises(BadAddress, match="OPS_S3_SECRET_KEY"):
        container_secrets.make(tmp_path, given_folder=tmp_path / "none", variables=store)
    store |= {"OPS_S3_SECRET_KEY": "s", "PAYMENTS_S3_ACCESS_KEY": "payments", "PAYMENTS_S3_SECRET_KEY": "p"}
    container_secrets.make(tmp_path, given_folder=tmp_path / "none", variables=store)
    payments, documents = tmp_path / "payments", tmp_path / "documents"
    assert (payments / "payments_s3_access_key").read_text() == "payments"
    assert (documents / "documents_s3_access_key").read_text() == "operator"
    assert (documents / "documents_s3_endpoint").read_text() == "https://rgw.example"
    assert (documents / "documents_s3_region").read_text() == "fr"


def test_both_addresses_of_a_broker_elsewhere_are_wanted(tmp_path: Path) -> None:
    variables = {"OPS_RABBITMQ_URL": "amqp://admin:word@broker.example/employeur"}
    with pytest.raises(BadAddress, match="OPS_RABBITMQ_MANAGEMENT_URL"):
        container_secrets.make(tmp_path, given_folder=tmp_path / "none", variables=variables)


def test_a_given_file_that_is_no_setting_is_refused(tmp_path: Path) -> None:
    (tmp_path / "identity_smtp_host").write_text("relay.example")
    (tmp_path / "smtp_host").write_text("relay.example")
    with pytest.raises(container_secrets.GivenNamesUnknown, match=r"^SMTP_HOST$"):
        container_secrets.make(tmp_path, given_folder=tmp_path, variables={})
