"""A service that is told to end does, also while it waits for a broker that is not there (R15)."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

NOWHERE = "127.0.0.1:9"


def listens(port: int) -> bool:
    """Whether /healthz answers."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=2) as answer:
            return answer.status == 200
    except OSError:
        return False


def test_r15_told_to_end_while_no_broker_is_there_it_ends_with_0(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    variables = {
        "PAYMENTS_AMQP_URL": f"amqp://payments:of-the-tests@{NOWHERE}/x",
        "PAYMENTS_DATABASE_URL": f"postgresql://payments_app:of-the-tests@{NOWHERE}/x",
        "PAYMENTS_WORKER_DATABASE_URL": f"postgresql://payments_worker:of-the-tests@{NOWHERE}/x",
        "PAYMENTS_S3_ENDPOINT": f"http://{NOWHERE}",
        "PAYMENTS_S3_ACCESS_KEY": "payments",
        "PAYMENTS_S3_SECRET_KEY": "of-the-tests",
        "PAYMENTS_S3_BUCKET": "exports",
        "PAYMENTS_HTTP_PORT": str(port),
    }
    log = tmp_path / "payments.jsonl"
    with log.open("wb") as stream:
        process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "chassis.process", "services.payments"],
            env=os.environ | variables,
            stdout=stream,
            stderr=stream,
        )
    try:
        while not listens(port):
            assert process.poll() is None, log.read_text()
            time.sleep(0.1)
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
        assert "process_killed_at_stop" not in log.read_text(), "in good order, not at its bound"
    finally:
        process.kill()
        process.wait(10)
