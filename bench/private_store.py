"""An object store of the measurements alone, under `var/bench`, empty at each start."""

import shutil
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

from ops import ports
from ops.credentials import KeyPair
from ops.folders import VAR, StackFolder
from ops.provision import Bucket, provision_bucket
from ops.servers import objectstore
from ops.servers.placing import Place

FOLDER = StackFolder(VAR / "bench", VAR / "bench" / "stack.json")
PORT_OFFSET = 4000
PATIENCE = 60.0  # seconds


@contextmanager
def running(name: str) -> Iterator[Bucket]:
    """A store with one bucket *name*, started and ended with the block."""
    FOLDER.make()
    place, key = Place(FOLDER, durable=False), KeyPair("bench", "bench-secret-of-this-machine")
    shutil.rmtree(place.folder(objectstore.NAME))
    with ports.Reservation() as reserved:
        chosen, _moved = ports.choose(offset=PORT_OFFSET, free=reserved.take)
        program = objectstore.prepare(place, ports=chosen, admin=key, buckets={})
        bucket = Bucket(f"http://127.0.0.1:{chosen.s3}", "us-east-1", key.access, key.secret, name)
        with program.log.open("ab") as log:
            process = subprocess.Popen(
                program.command, cwd=program.folder, env=program.environment, stdout=log, stderr=log
            )
        try:
            _wait(f"{bucket.endpoint}/healthz")
            provision_bucket(bucket)
            yield bucket
        finally:
            process.terminate()
            process.wait(60)


def _wait(url: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            urllib.request.urlopen(url, timeout=2).close()  # noqa: S310  our own store
        except urllib.error.URLError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)
        else:
            return
