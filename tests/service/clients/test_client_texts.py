"""The nine programs of docs/clients.md, exactly as they stand there, each under a broker user of its own."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from ops.folders import ROOT
from tests.service.payments.running import RunningPayments
from tests.service.waiting import wait_until

PAGE = (ROOT / "docs" / "clients.md").read_text(encoding="utf-8")
TEXTS = dict(re.findall(r"^### (\w+: \w+)\n\n```python\n(.*?)```", PAGE, re.MULTILINE | re.DOTALL))
LIBRARIES = {"kombu": "807101", "pika": "807102", "nameko": "807103"}
MOST_LINES = 18  # "some 15"


def run(path: Path, address: str) -> subprocess.Popen[str]:
    environment = {"PATH": os.environ["PATH"], "HOME": str(path.parent), "AMQP_URL": address}
    command = [sys.executable, "-W", "ignore", path]
    return subprocess.Popen(
        command, cwd=path.parent, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def finished(process: subprocess.Popen[str], code: int = 0) -> str:
    output, _ = process.communicate(timeout=40)
    assert process.returncode == code, output
    return output


@pytest.mark.parametrize("library", LIBRARIES)
def test_published_listened_to_and_asked_for_with(
    library: str,
    running_payments: RunningPayments,
    client: Callable[[str], str],
    program: Callable[[str, str], Path],
) -> None:
    user = f"funder.{library}-listener"
    listener = run(program("listen", TEXTS[f"{library}: listen"]), client(user))
    try:
        wait_until(lambda: running_payments.consumers(f"{user}.payments"), seconds=30, what="a consumer")
        publish = program("publish", TEXTS[f"{library}: publish"])
        finished(run(publish, client(f"funder.{library}-publisher")))
        assert listener.stdout is not None
        assert listener.stdout.readline() == f"{LIBRARIES[library]} 2764.94\n"
    finally:
        listener.kill()
        listener.communicate(timeout=20)
    call = program("call", TEXTS[f"{library}: call"])
    assert "PaymentRecorded.v1" in finished(run(call, client(f"funder.{library}-caller")))


@pytest.mark.parametrize("library", LIBRARIES)
def test_caller_of_another_kind_is_told_or_kept_out(
    library: str, client: Callable[[str], str], program: Callable[[str, str], Path]
) -> None:
    address = client(f"beneficiary.{library}-caller")
    output = finished(run(program("call", TEXTS[f"{library}: call"]), address), code=1)
    assert re.search("ACCESS_REFUSED|access to", output)


@pytest.mark.parametrize("library", LIBRARIES)
def test_publisher_of_another_kind_is_kept_out(
    library: str, client: Callable[[str], str], program: Callable[[str, str], Path]
) -> None:
    address = client(f"training_provider.{library}-publisher")
    assert "ACCESS_REFUSED" in finished(run(program("publish", TEXTS[f"{library}: publish"]), address), code=1)


def test_nameko_of_another_kind_needs_no_right_over_the_exchange(
    running_payments: RunningPayments, client: Callable[[str], str], program: Callable[[str, str], Path]
) -> None:
    (preamble,) = re.findall(r"no such right:\n\n```python\n(.*?)```", PAGE, re.DOTALL)
    allowed = TEXTS["nameko: call"].replace("bus.payments.events_since", "bus.documents.list_categories")
    address = client("training_provider.nameko")
    allowed = allowed.replace("timeout=10", "timeout=1")  # nobody will answer
    refused = run(program("plain", allowed), address)
    let_in = run(program("with_preamble", preamble + allowed), address)
    assert "exchange 'nameko-rpc'" in finished(refused, code=1)
    assert "RpcTimeout" in finished(let_in, code=1), "documents does not run here: the call left, nobody answered"


def test_there_are_nine_short_programs() -> None:
    wanted = {f"{library}: {verb}" for library in LIBRARIES for verb in ("publish", "listen", "call")}
    assert set(TEXTS) == wanted
    for name, text in TEXTS.items():
        assert len([line for line in text.splitlines() if line]) <= MOST_LINES, name


def test_readme_shows_the_kombu_programs_word_for_word() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for verb in ("publish", "listen", "call"):
        assert TEXTS[f"kombu: {verb}"] in readme
    assert "docs/clients.md" in readme
