"""Each process is told its own settings and nothing else; existing servers take the place of private ones."""

from urllib.parse import urlsplit

import pytest

from ops import credentials, endpoints, environment, ports
from ops.endpoints import RUN_NAMES, TEST_NAMES


@pytest.fixture
def secrets(tmp_path):
    return credentials.load(tmp_path / "secrets.json")


def settings(secrets, variables=None, names=RUN_NAMES, overrides=None):
    found = endpoints.find(variables or {}, secrets, ports.Ports(), names)
    return environment.settings(found, credentials=secrets, ports=ports.Ports(), names=names, overrides=overrides or {})


@pytest.mark.parametrize("process", environment.PROCESSES)
def test_a_process_sees_only_its_own_variables(secrets, process):
    own = settings(secrets).processes[process]
    assert {name for name in own if not name.startswith(f"{process.upper()}_")} == {"PUBLIC_URL"}


@pytest.mark.parametrize("process", environment.PROCESSES)
def test_no_process_knows_an_owners_or_administrators_secret_nor_anothers(secrets, process):
    text = repr(settings(secrets).processes[process])
    others = [word for role, word in secrets.databases.items() if role.endswith("_owner") or process not in role]
    others += [word for user, word in secrets.broker.items() if user != process]
    others += [secrets.admin, secrets.object_store.secret]
    if process != "identity":
        others += [secrets.identity_private_key, secrets.mail_key]
    assert [word for word in others if word in text] == []


def test_the_migration_knows_all_servers_and_owners(secrets):
    migrate = settings(secrets).migrate
    assert {"OPS_POSTGRES_URL", "OPS_RABBITMQ_URL", "OPS_RABBITMQ_MANAGEMENT_URL", "OPS_S3_ENDPOINT"} <= set(migrate)
    assert {f"{service.upper()}_OWNER_DATABASE_URL" for service in credentials.SERVICES} <= set(migrate)
    assert urlsplit(migrate["OPS_BROKER_CLIENTS"]).username == "funder.demo"


def test_the_callers_setting_of_one_process_wins(secrets):
    made = settings(secrets, overrides={"IDENTITY_LOG_LEVEL": "DEBUG", "PATH": "/bin"})
    assert made.processes["identity"]["IDENTITY_LOG_LEVEL"] == "DEBUG"
    assert "IDENTITY_LOG_LEVEL" not in made.processes["gateway"]
    assert "PATH" not in made.processes["identity"]


def test_tests_and_a_run_never_share_a_name(secrets):
    run, tests = settings(secrets), settings(secrets, names=TEST_NAMES)
    assert not set(run.databases.values()) & set(tests.databases.values())
    assert not set(run.buckets.values()) & set(tests.buckets.values())
    assert urlsplit(run.demo_amqp).path != urlsplit(tests.demo_amqp).path


def test_existing_servers_are_used_instead_of_private_ones(secrets):
    given = {
        "OPS_POSTGRES_URL": "postgresql://root:p%40ss@db.example:6432/postgres",
        "OPS_RABBITMQ_URL": "amqps://root:x@bus.example:5671/portal",
        "OPS_RABBITMQ_MANAGEMENT_URL": "https://root:x@bus.example:15671",
        "OPS_S3_ENDPOINT": "https://s3.example",
        "OPS_S3_ACCESS_KEY": "key",
        "OPS_S3_SECRET_KEY": "secret",
        "OPS_SMTP_URL": "smtp+starttls://me:word@mail.example",
    }
    found = endpoints.find(given, secrets, ports.Ports(), RUN_NAMES)
    assert found.private == frozenset()
    made = settings(secrets, given)
    assert made.processes["identity"]["IDENTITY_DATABASE_URL"].endswith("@db.example:6432/identity")
    assert made.processes["gateway"]["GATEWAY_AMQP_URL"].startswith("amqps://gateway:")
    assert made.processes["gateway"]["GATEWAY_AMQP_URL"].endswith("@bus.example:5671/portal")
    assert made.processes["documents"]["DOCUMENTS_S3_ENDPOINT"] == "https://s3.example"
    mail = {name: value for name, value in made.processes["identity"].items() if "SMTP" in name}
    assert mail == {
        "IDENTITY_SMTP_HOST": "mail.example",
        "IDENTITY_SMTP_PORT": "587",
        "IDENTITY_SMTP_SECURITY": "starttls",
        "IDENTITY_SMTP_USER": "me",
        "IDENTITY_SMTP_PASSWORD": "word",
    }
    assert settings(secrets, given, names=TEST_NAMES).demo_amqp.endswith("/employeur-test")


@pytest.mark.parametrize(
    "given",
    [
        {"OPS_RABBITMQ_URL": "amqp://root:x@bus.example/portal"},
        {"OPS_S3_ENDPOINT": "https://s3.example"},
    ],
)
def test_half_an_address_is_refused(secrets, given):
    with pytest.raises(endpoints.BadAddress):
        endpoints.find(given, secrets, ports.Ports(), RUN_NAMES)


def test_an_unknown_kind_of_mail_server_is_refused():
    with pytest.raises(endpoints.BadAddress):
        endpoints.smtp_settings("http://mail.example")
