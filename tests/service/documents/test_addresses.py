"""Addresses of files: for a minute and one file (K27), signed for the name by which the caller reaches the store."""

import socket
import urllib.error
import urllib.request
from urllib.parse import parse_qs, urlsplit

import pytest
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
    known_as = inside.hostname or ""
    outside = "localhost" if known_as == "127.0.0.1" else socket.gethostbyname(known_as)
    tilleuls.files = ObjectStore(
        ObjectStoreSettings(
            s3_endpoint=bucket.endpoint,
            s3_public_endpoint=f"http://{outside}:{inside.port}",
            s3_access_key=SecretStr(bucket.access_key),
            s3_secret_key=SecretStr(bucket.secret_key),
            s3_bucket=bucket.name,
        )
    )
    begun = tilleuls.begin(user="funder.demo", **AGREEMENT)
    assert urlsplit(begun.upload.url).hostname == outside
    assert put(begun, BULLETIN) == 200
    document = tilleuls.complete(begun, user="funder.demo")
    request = api.OpenFile(siret=TILLEULS, document_id=document.document_id)
    opened = tilleuls.service("funder.demo").open_file(request)
    assert urlsplit(opened.url).hostname == outside
    with urllib.request.urlopen(opened.url, timeout=20) as answer:
        assert answer.read() == BULLETIN
    for url in (tilleuls.begin().upload.url, tilleuls.service().open_file(request).url):
        assert urlsplit(url).netloc == inside.netloc


def status_of(url: str, method: str = "GET") -> int:
    request = urllib.request.Request(url, method=method, data=b"other bytes" if method == "PUT" else None)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status
    except urllib.error.HTTPError as refused:
        refused.close()
        return refused.code


@pytest.fixture
def opened(tilleuls: World) -> tuple[str, str]:
    """The address of one document's file, and that of another's."""
    requests = [api.OpenFile(siret=TILLEULS, document_id=tilleuls.deposit_letter().document_id) for _ in range(2)]
    one, another = (tilleuls.service("funder.demo").open_file(request).url for request in requests)
    return one, another


def test_k27_an_address_is_for_one_file_and_a_minute_and_for_reading_alone(opened: tuple[str, str]) -> None:
    address, another = opened
    assert status_of(address) == 200
    signed = parse_qs(urlsplit(address).query)
    assert int(signed["X-Amz-Expires"][0]) <= 60
    assert status_of(address.replace("X-Amz-Expires=60", "X-Amz-Expires=600")) == 403
    assert status_of(address.replace(urlsplit(address).path, urlsplit(another).path)) == 403
    assert {method: status_of(address, method) for method in ("PUT", "DELETE")} == {"PUT": 403, "DELETE": 403}
    assert status_of(address) == 200


def test_k27_the_bucket_tells_nothing_to_who_has_no_signature(opened: tuple[str, str], bucket: Bucket) -> None:
    unsigned = urlsplit(opened[0])._replace(query="").geturl()
    assert status_of(unsigned) == 403
    assert status_of(f"{bucket.endpoint}/{bucket.name}?list-type=2") == 403
    assert status_of(f"{bucket.endpoint}/") == 403
