"""Other systems may reach the store by another name than the services do: their addresses are signed for that one."""

import urllib.request
from urllib.parse import urlsplit

from espace_contracts import documents as api
from pydantic import SecretStr

from chassis.objectstore import ObjectStore
from chassis.settings import ObjectStoreSettings
from ops.provision import Bucket
from tests.service.documents.documents_world import SAMPLES, TILLEULS, World, put

BULLETIN = (SAMPLES / "bulletin.pdf").read_bytes()
AGREEMENT = {"category": "agreement", "period": None}


def test_outside_callers_put_and_get_by_the_public_name_and_the_gateway_by_the_internal_one(
    tilleuls: World, bucket: Bucket
) -> None:
    inside = urlsplit(bucket.endpoint)
    tilleuls.files = ObjectStore(
        ObjectStoreSettings(
            s3_endpoint=bucket.endpoint,
            s3_public_endpoint=f"http://localhost:{inside.port}",
            s3_access_key=SecretStr(bucket.access_key),
            s3_secret_key=SecretStr(bucket.secret_key),
            s3_bucket=bucket.name,
        )
    )
    begun = tilleuls.begin(user="funder.demo", **AGREEMENT)
    assert urlsplit(begun.upload.url).hostname == "localhost"
    assert put(begun, BULLETIN) == 200
    document = tilleuls.complete(begun, user="funder.demo")
    request = api.OpenFile(siret=TILLEULS, document_id=document.document_id)
    opened = tilleuls.service("funder.demo").open_file(request)
    assert urlsplit(opened.url).hostname == "localhost"
    with urllib.request.urlopen(opened.url, timeout=20) as answer:
        assert answer.read() == BULLETIN
    for url in (tilleuls.begin().upload.url, tilleuls.service().open_file(request).url):
        assert urlsplit(url).netloc == inside.netloc
