"""An S3-compatible bucket in our words: random keys, one write a key, addresses that live a minute (K27).

No call in here belongs inside a database transaction: after a restart of the store its first answer can
take many seconds.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from espace_contracts.errors import Unavailable
from nameko.extensions import DependencyProvider

from chassis.settings import ObjectStoreSettings

CHUNK = 256 * 1024
UPLOAD_SECONDS = 900
DOWNLOAD_SECONDS = 60
MISSING = {"404", "NoSuchKey", "NotFound"}


class ObjectMissing(Exception):
    """There is no object of this key."""


class ObjectStoreDown(Unavailable):
    """The store does not answer, or not in time."""


@dataclass(frozen=True)
class Stored:
    """What the store says of an object: bytes and media type."""

    size: int
    media_type: str


@dataclass(frozen=True)
class Listed:
    """What a list tells of an object; the moment by the store's clock, in whole seconds."""

    key: str
    written_at: datetime


def _client(settings: ObjectStoreSettings, endpoint: str) -> Any:
    return boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name=settings.s3_region,
        aws_access_key_id=settings.s3_access_key.get_secret_value(),
        aws_secret_access_key=settings.s3_secret_key.get_secret_value(),
        verify=str(settings.ca_file) if settings.ca_file else None,
        config=Config(
            signature_version="s3v4",  # boto3 presigns with version 2 by default, which refuses quoted names
            s3={"addressing_style": "path"},
            connect_timeout=3,
            read_timeout=10,
            retries={"max_attempts": 3, "mode": "standard"},
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        ),
    )


class ObjectStore:
    """One bucket.

    A presigned address names the host that it was signed for: who is *outside* gets one of the public endpoint.
    """

    def __init__(self, settings: ObjectStoreSettings) -> None:
        self.bucket = settings.s3_bucket
        self._client = _client(settings, settings.s3_endpoint)
        public = settings.s3_public_endpoint
        self._signer_outside = _client(settings, public) if public else self._client

    def put(self, key: str, content: bytes | Path, media_type: str) -> None:
        """Store *content* under *key*. Raises ObjectStoreDown."""
        if isinstance(content, bytes):
            self._call("put_object", Key=key, Body=content, ContentType=media_type)
            return
        with content.open("rb") as stream:
            self._call("put_object", Key=key, Body=stream, ContentType=media_type)

    def presigned_put(
        self, key: str, *, size: int, media_type: str, outside: bool = False
    ) -> tuple[str, dict[str, str]]:
        """Address and headers of one PUT of exactly *size* bytes; a second one is refused by the store."""
        headers = {"Content-Type": media_type, "Content-Length": str(size), "If-None-Match": "*"}
        parameters = {
            "Bucket": self.bucket,
            "Key": key,
            "ContentType": media_type,
            "ContentLength": size,
            "IfNoneMatch": "*",
        }
        url = self._signer(outside).generate_presigned_url("put_object", Params=parameters, ExpiresIn=UPLOAD_SECONDS)
        return url, headers

    def presigned_get(self, key: str, *, file_name: str, media_type: str, outside: bool = False) -> str:
        """Address of a download for a minute, as an attachment of this name (RFC 6266)."""
        parameters = {
            "Bucket": self.bucket,
            "Key": key,
            "ResponseContentDisposition": attachment(file_name),
            "ResponseContentType": media_type,
        }
        return self._signer(outside).generate_presigned_url("get_object", Params=parameters, ExpiresIn=DOWNLOAD_SECONDS)

    def _signer(self, outside: bool) -> Any:
        return self._signer_outside if outside else self._client

    def head(self, key: str) -> Stored:
        """Size and media type. Raises ObjectMissing, ObjectStoreDown."""
        found = self._call("head_object", Key=key)
        return Stored(size=found["ContentLength"], media_type=found.get("ContentType", ""))

    def chunks(self, key: str) -> Iterator[bytes]:
        """The object's bytes, in pieces. Raises ObjectMissing, ObjectStoreDown."""
        body = self._call("get_object", Key=key)["Body"]
        try:
            yield from iter(partial(body.read, CHUNK), b"")
        except (BotoCoreError, OSError) as exc:
            raise ObjectStoreDown(str(type(exc).__name__)) from exc
        finally:
            body.close()

    def sha256(self, key: str) -> str:
        """SHA-256 (hex) of the object as it is stored. Raises ObjectMissing, ObjectStoreDown."""
        digest = hashlib.sha256()
        for chunk in self.chunks(key):
            digest.update(chunk)
        return digest.hexdigest()

    def delete(self, key: str) -> None:
        """Remove the object; a missing one is as good as removed. Raises ObjectStoreDown."""
        self._call("delete_object", Key=key)

    def keys(self, prefix: str = "") -> Iterator[str]:
        """All keys under *prefix*. Raises ObjectStoreDown."""
        return (each.key for each in self.listed(prefix))

    def listed(self, prefix: str = "") -> Iterator[Listed]:
        """All objects under *prefix*. Raises ObjectStoreDown."""
        token: dict[str, Any] = {}
        while True:
            page = self._call("list_objects_v2", Prefix=prefix, **token)
            yield from (Listed(entry["Key"], entry["LastModified"]) for entry in page.get("Contents", ()))
            if not page.get("IsTruncated"):
                return
            token = {"ContinuationToken": page["NextContinuationToken"]}

    def check(self) -> None:
        """Returns when the bucket is there and ours. Raises ObjectStoreDown, ObjectMissing."""
        self._call("head_bucket")

    def _call(self, operation: str, **parameters: Any) -> Any:
        try:
            return getattr(self._client, operation)(Bucket=self.bucket, **parameters)
        except ClientError as exc:
            if exc.response.get("Error", {}).get("Code") in MISSING:
                raise ObjectMissing(parameters.get("Key", "")) from exc
            raise ObjectStoreDown(operation) from exc
        except (BotoCoreError, OSError) as exc:
            raise ObjectStoreDown(operation) from exc


def attachment(file_name: str) -> str:
    """The header Content-Disposition of a download (RFC 6266, RFC 8187); *file_name* may hold any character."""
    plain = "".join(
        char if char.isascii() and char.isprintable() and char not in '"\\;%' else "_" for char in file_name
    )
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(file_name, safe='')}"


class ObjectStoreProvider(DependencyProvider):
    """`self.files` of a service."""

    store: ObjectStore
    dependency, needed, check_every = "store", False, 15.0  # lists, log-ins and events go on without it

    def setup(self) -> None:
        """Makes the client; nothing connects yet."""
        self.store = ObjectStore(self.container.config["settings"])

    def get_dependency(self, worker_ctx: Any) -> ObjectStore:
        """The same object for every worker."""
        return self.store

    def check(self) -> None:
        """Returns when the bucket is there and ours."""
        self.store.check()
