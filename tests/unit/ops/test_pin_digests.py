"""Foreign images by digest (K37): every one of them, and the image that ours are built on."""

from pathlib import Path

import pytest
import yaml

from ops.pin_digests import NoDigest, base_image, pinned

ROOT = Path(__file__).resolve().parents[3]
DIGEST = "sha256:" + "a" * 64
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
BASE = base_image((ROOT / "Dockerfile").read_text(encoding="utf-8"))


def test_k37_every_foreign_image_is_pinned_and_every_image_of_ours_is_built_on_a_pinned_one() -> None:
    override = pinned(COMPOSE, BASE, lambda _image: DIGEST)["services"]
    foreign = {
        name: one["image"] for name, one in COMPOSE["services"].items() if "espace-employeur" not in one["image"]
    }
    assert set(foreign) == {"rabbitmq", "postgres", "store", "s3", "mailpit"}
    for name, image in foreign.items():
        assert override[name] == {"image": f"{image}@{DIGEST}"}
    built = {name for name, one in COMPOSE["services"].items() if "build" in one}
    assert built == {"secrets", "identity", "payments", "documents", "gateway"}
    for name in built:
        assert override[name] == {"build": {"args": {"BASE": f"{BASE}@{DIGEST}"}}}


def test_k37_pinning_again_moves_a_digest_on() -> None:
    before = {"services": {"postgres": {"image": f"postgres:18@sha256:{'b' * 64}"}}}
    asked = []
    override = pinned(before, BASE, lambda image: asked.append(image) or DIGEST)
    assert override["services"]["postgres"]["image"] == f"postgres:18@{DIGEST}"
    assert asked == ["postgres:18"]


def test_k37_registry_that_tells_no_digest_stops_it() -> None:
    with pytest.raises(NoDigest, match="postgres:18"):
        pinned({"services": {"postgres": {"image": "postgres:18"}}}, BASE, lambda _image: "")
