"""A real ClamAV daemon with one signature of our own, for the EICAR test file (K24)."""

import hashlib
import subprocess
import time
from pathlib import Path

from services.documents.clamd import Clamd, ScannerDown

# the standard test file that every scanner knows, in two halves: this file itself must not set one off
EICAR = (r"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STAND" + "ARD-ANTIVIRUS-TEST-FILE!$H+H*").encode()
PROGRAM = "/usr/sbin/clamd"
PATIENCE = 30  # seconds


class ClamAV:
    """Start and stop it; its database is one line."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.socket = folder / "clamd.sock"
        self.address = f"unix:{self.socket}"
        (folder / "db").mkdir()
        (folder / "db" / "test.ndb").write_text(f"Test.Eicar:0:*:{EICAR.hex()}\n")
        self._config = folder / "clamd.conf"
        lines = (
            f"DatabaseDirectory {folder / 'db'}",
            f"LocalSocket {self.socket}",
            f"TemporaryDirectory {folder}",
            "Foreground yes",
            "MaxThreads 2",
            "StreamMaxLength 60M",
            "AlertExceedsMax yes",
        )
        self._config.write_text("\n".join(lines) + "\n")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Return once it answers."""
        with (self.folder / "clamd.log").open("wb") as log:
            command = [PROGRAM, "--config-file", str(self._config)]
            self._process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
        deadline = time.monotonic() + PATIENCE
        while not self._answers():
            if time.monotonic() > deadline or self._process.poll() is not None:
                raise AssertionError((self.folder / "clamd.log").read_text())
            time.sleep(0.1)

    def _answers(self) -> bool:
        try:
            return Clamd(self.address, seconds=5).signature_in([b"clean"]) is None
        except ScannerDown:
            return False

    def stop(self) -> None:
        """As an outage would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(PATIENCE)
        self.socket.unlink(missing_ok=True)


def infected(pdf: bytes) -> tuple[bytes, str]:
    """A readable PDF that carries the test signature behind its end, and its SHA-256."""
    content = pdf + b"% " + EICAR + b"\n"
    return content, hashlib.sha256(content).hexdigest()
