"""var/stack.json: whole, closed to others, and with everything that another program needs."""

import json
import stat
import threading

import pytest

from ops import credentials, endpoints, environment, ports, stackfile
from ops.credentials import load


@pytest.fixture
def facts(tmp_path):
    secrets = load(tmp_path / "secrets.json")
    found = endpoints.find({}, secrets, ports.Ports(), endpoints.RUN_NAMES)
    settings = environment.settings(
        found, credentials=secrets, ports=ports.Ports(), names=endpoints.RUN_NAMES, overrides={}
    )
    return stackfile.contents(found, settings)


def test_it_has_the_agreed_shape(facts):
    assert set(facts) == {"portal", "mailbox", "amqp", "s3", "databases"}
    assert facts["portal"] == "http://127.0.0.1:8000"
    assert facts["mailbox"] == "http://127.0.0.1:8025"
    assert facts["amqp"].startswith(f"amqp://{credentials.DEMO_CLIENT}:")
    assert facts["amqp"].endswith("@127.0.0.1:20672/employeur")
    assert set(facts["s3"]) == {"endpoint", "region", "access_key", "secret_key", "buckets"}
    assert sorted(facts["s3"]["buckets"]) == ["documents", "exports"]
    assert {name: url.rpartition("/")[2] for name, url in facts["databases"].items()} == {
        "identity": "identity",
        "payments": "payments",
        "documents": "documents",
    }


def test_only_its_owner_reads_it(tmp_path, facts):
    stackfile.write(tmp_path / "stack.json", facts)
    assert stat.S_IMODE((tmp_path / "stack.json").stat().st_mode) == 0o600


def test_an_older_one_open_to_others_is_replaced_by_a_closed_one(tmp_path, facts):
    path = tmp_path / "stack.json"
    path.write_text("{}")
    path.chmod(0o644)
    stackfile.write(path, facts)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stackfile.read(path) == facts


def test_a_reader_never_sees_a_part_of_it(tmp_path):
    path, done = tmp_path / "stack.json", threading.Event()
    large = {"filler": "x" * 200_000}
    stackfile.write(path, large)

    def rewrite():
        while not done.is_set():
            stackfile.write(path, large)

    writer = threading.Thread(target=rewrite)
    writer.start()
    try:
        assert all(json.loads(path.read_text()) == large for _ in range(100))
    finally:
        done.set()
        writer.join()
    assert [entry.name for entry in tmp_path.iterdir()] == ["stack.json"], "no draft stays"


def test_a_missing_one_means_that_nothing_runs(tmp_path):
    with pytest.raises(stackfile.NotRunning):
        stackfile.read(tmp_path / "stack.json")
