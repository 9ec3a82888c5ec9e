"""`make pin-digests`: docker-compose.digests.yml, which names every foreign image by its digest as well as by its tag.

A tag may be moved by whoever owns it, a digest may not. The tags stay in the default files, where people read them; an
operator pins what was tried, and starts with `-f docker-compose.yml -f docker-compose.digests.yml`.
"""

import json
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from typing import Any

from ops.folders import ROOT

FILE = ROOT / "docker-compose.digests.yml"
OWN = "espace-employeur/"
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
Resolve = Callable[[str], str]


class NoDigest(Exception):
    """The registry does not tell the digest of an image."""


def pinned(composition: Mapping[str, Any], base: str, resolve: Resolve) -> dict[str, Any]:
    """The override of *composition* (as `docker compose config` prints it): digests of images, and of our base image.

    *resolve* tells the digest of an image's name. Raises NoDigest.
    """
    services: dict[str, Any] = {}
    for name, service in sorted(composition["services"].items()):
        if "build" in service:
            services[name] = {"build": {"args": {"BASE": _with_digest(base, resolve)}}}
        elif not service["image"].startswith(OWN):
            services[name] = {"image": _with_digest(service["image"], resolve)}
    return {"services": services}


def _with_digest(image: str, resolve: Resolve) -> str:
    tag = image.partition("@")[0]
    digest = resolve(tag)
    if not DIGEST.fullmatch(digest):
        raise NoDigest(f"{tag}: {digest!r} is no digest")
    return f"{tag}@{digest}"


def base_image(dockerfile: str) -> str:
    """The image that all of ours are built on."""
    found = re.search(r"^ARG BASE=(\S+)$", dockerfile, re.MULTILINE)
    if found is None:
        raise NoDigest("the Dockerfile names no base image")
    return found[1]


def _ask_registry(image: str) -> str:
    """The digest of the list of all platforms. Raises NoDigest."""
    command = ["docker", "buildx", "imagetools", "inspect", image, "--format", "{{json .Manifest.Digest}}"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    if ended.returncode != 0:
        raise NoDigest(f"{image}: {ended.stderr.strip()}")
    return str(json.loads(ended.stdout))


def main() -> int:
    """Write the file; 1 when the registry does not answer."""
    command = ["docker", "compose", "--profile", "*", "config", "--format", "json"]
    composition = json.loads(subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout)
    try:
        override = pinned(composition, base_image((ROOT / "Dockerfile").read_text(encoding="utf-8")), _ask_registry)
    except NoDigest as exc:
        print(f"Nothing was written. {exc}", file=sys.stderr)
        return 1
    FILE.write_text(json.dumps(override, indent=2) + "\n", encoding="utf-8")  # JSON is YAML
    print(f"{FILE.name} names {len(override['services'])} images by digest.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
