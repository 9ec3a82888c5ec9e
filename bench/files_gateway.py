"""The real gateway for `bench.upload` and `bench.download`: its own routes, session and anti-forgery gate.

Only the services are canned. `python -m bench.files_gateway PORT` reads the bucket from BENCH_STORE. A deposit's id says
its size in its last digits, so that every upload gets an address of its own; a document lies under its id.
"""

import json
import os
import sys
from base64 import b64encode
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import uvicorn
from espace_contracts import documents, identity
from nacl.public import PrivateKey
from pydantic import SecretStr

import chassis.logging
from chassis.objectstore import ObjectStore
from chassis.settings import ObjectStoreSettings
from gateway.app import create_app
from gateway.settings import Settings

SIRET = "73282932000074"
MEDIA_TYPE = "application/pdf"
NOW = datetime(2030, 1, 1, tzinfo=UTC)
SESSION = identity.Session.model_construct(
    session_id=UUID(int=1),
    account_id=UUID(int=2),
    siret=SIRET,
    identifier="bench",
    state="active",
    policy_accepted=True,
)


class CannedBus:
    """Answers what the route asks for; addresses are signed for the real store."""

    connected = True
    changed_at = 0.0

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    async def start(self) -> None:
        """Nothing to connect to."""

    async def close(self) -> None:
        """Nothing to end."""

    def listen(self, data_class: Any, callback: Callable[[Any], None]) -> None:
        """Nothing ever happens."""

    def on_disconnect(self, callback: Callable[[], None]) -> None:
        """Never."""

    async def call(self, method: Any, request: Any) -> Any:
        """The session, the address, the document."""
        if method is identity.CHECK_SESSION:
            return SESSION
        if method is documents.RENEW_UPLOAD:
            return self._begun(request.deposit_id)
        if method is documents.OPEN_FILE:
            return self._opened(request.document_id)
        return documents.Document.model_construct(document_id=request.deposit_id)

    def _begun(self, deposit_id: UUID) -> documents.BegunDeposit:
        size = deposit_id.int & 0xFFFFFFFF
        url, headers = self._store.presigned_put(key_of(deposit_id), size=size, media_type=MEDIA_TYPE)
        upload = documents.Upload(url=url, headers=headers, expires_at=NOW)
        return documents.BegunDeposit(deposit_id=deposit_id, size=size, upload=upload)

    def _opened(self, document_id: UUID) -> documents.OpenedFile:
        key, name, size = key_of(document_id), "fichier.pdf", document_id.int & 0xFFFFFFFF
        url = self._store.presigned_get(key, file_name=name, media_type=MEDIA_TYPE)
        return documents.OpenedFile(url=url, file_name=name, media_type=MEDIA_TYPE, size=size, expires_at=NOW)


def key_of(document_id: UUID) -> str:
    """Where the file of a deposit lies, and that of the document."""
    return f"gateway/{document_id.hex}"


def main() -> None:
    """Serve until ended."""
    chassis.logging.configure("WARNING", process="gateway")
    store = ObjectStore(ObjectStoreSettings(**_store_settings()))
    key = b64encode(bytes(PrivateKey(b"k" * 32).public_key)).decode()
    settings = Settings(
        amqp_url=SecretStr("amqp://nobody:to-nowhere@nowhere/"),
        identity_public_key=key,
        robot_key=SecretStr("no form of this page has a robot box"),
    )
    app = create_app(settings, CannedBus(store), manifest={})
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_config=None, access_log=False)


def _store_settings() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(os.environ["BENCH_STORE"])
    return found


if __name__ == "__main__":
    main()
