"""`python -m gateway.assets_build`: the browser's files, named by their content, into `static/build`.

Beside each that compression makes a good deal smaller lies its compressed twin, `….gz`, made once and not at every request.
Reads what `npm ci` has put into `assets/node_modules` and our own files beside it; needs nothing but Python.
"""

import gzip
import hashlib
import json
import re
import sys
from pathlib import Path

HERE = Path(__file__).parent
SOURCES = HERE / "assets"
MODULES = SOURCES / "node_modules"
BUILD = HERE / "static" / "build"
PLAIN = (
    MODULES / "htmx.org/dist/htmx.min.js",
    MODULES / "bootstrap/dist/css/bootstrap.min.css",
    MODULES / "@fontsource-variable/figtree/files/figtree-latin-wght-normal.woff2",
    MODULES / "altcha/dist/external/altcha.min.js",
    MODULES / "altcha/dist/external/altcha.css",
    MODULES / "altcha/dist/workers/pbkdf2.js",
    MODULES / "altcha/dist/i18n/fr-fr.js",
    SOURCES / "robot.js",
    SOURCES / "app.js",
    SOURCES / "upload.js",
    SOURCES / "draft.js",
    SOURCES / "favicon.svg",
)
STYLE = SOURCES / "theme.css"
PACKAGES = ("htmx.org", "bootstrap", "altcha", "@fontsource-variable/figtree")
NOTICE = "THIRD_PARTY.txt"
MANIFEST = "manifest.json"
PACKED = ".gz"
GAIN = 0.9  # a font is compressed already
SOURCE_MAP = re.compile(rb"\n?(//|/\*)# sourceMappingURL=[^\n]*\s*$")
RELATIVE_URL = re.compile(r'url\("(?!data:)([^"]+)"\)')


def hashed_name(name: str, data: bytes) -> str:
    """`app.js` with its content's hash: `app.0123456789ab.js`."""
    stem, _, ending = name.rpartition(".")
    return f"{stem}.{hashlib.sha256(data).hexdigest()[:12]}.{ending}"


def notices() -> bytes:
    """The licences of what we serve."""
    parts = []
    for package in PACKAGES:
        folder = MODULES / package
        facts = json.loads((folder / "package.json").read_text())
        licence = next(folder.glob("LICENSE*")).read_text()
        parts.append(f"{facts['name']} {facts['version']} ({facts['license']})\n\n{licence.strip()}\n")
    return ("\n" + "-" * 79 + "\n\n").join(parts).encode()


def build(target: Path = BUILD) -> dict[str, str]:
    """Write every file and the manifest; the names by their plain names. Raises FileNotFoundError."""
    files = {path.name: SOURCE_MAP.sub(b"\n", path.read_bytes()) for path in PLAIN}
    files[NOTICE] = notices()
    manifest = {name: hashed_name(name, data) for name, data in files.items()}
    style = RELATIVE_URL.sub(lambda found: f'url("{manifest[found.group(1)]}")', STYLE.read_text()).encode()
    files[STYLE.name], manifest[STYLE.name] = style, hashed_name(STYLE.name, style)
    target.mkdir(parents=True, exist_ok=True)
    kept = {MANIFEST, *manifest.values(), *_names_before(target)}
    for name, data in files.items():
        (target / manifest[name]).write_bytes(data)
        packed = gzip.compress(data, mtime=0)
        if len(packed) < GAIN * len(data):
            (target / f"{manifest[name]}{PACKED}").write_bytes(packed)
    fresh = target / f"{MANIFEST}.new"
    fresh.write_text(json.dumps(manifest, indent=1, sort_keys=True))
    fresh.rename(target / MANIFEST)
    for path in target.iterdir():
        if path.name.removesuffix(PACKED) not in kept:
            path.unlink()
    return manifest


def _names_before(target: Path) -> list[str]:
    """The files of the former build: processes and pages that were made with it still ask for them."""
    try:
        return list(json.loads((target / MANIFEST).read_text()).values())
    except FileNotFoundError:
        return []


def main() -> None:
    """Build, and say what was built."""
    try:
        manifest = build()
    except FileNotFoundError as exc:
        sys.exit(f"gateway.assets_build: {exc.filename} is missing; run npm ci in gateway/assets first")
    sys.stdout.write(f"built {len(manifest)} files in {BUILD}\n")


if __name__ == "__main__":
    main()
