"""The browser's files: hashed names, nothing from elsewhere, small (design 6, limits)."""

import gzip
import json
from pathlib import Path

import pytest

from gateway import assets_build
from gateway.rendering import AssetsMissing, read_manifest


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[object, dict[str, str]]:
    """A build of its own."""
    folder = tmp_path_factory.mktemp("assets") / "build"
    return folder, assets_build.build(folder)


def test_names_carry_their_contents_hash_and_the_style_points_at_them(built: tuple) -> None:
    folder, manifest = built
    for name in manifest.values():
        data = (folder / name).read_bytes()
        if not name.startswith("theme"):
            assert (
                assets_build.hashed_name(name.split(".")[0] + "." + name.rsplit(".", 1)[1], data).split(".")[-2] in name
            )
    style = (folder / manifest["theme.css"]).read_text()
    assert manifest["figtree-latin-wght-normal.woff2"] in style
    assert json.loads((folder / "manifest.json").read_text()) == manifest


def test_a_new_build_keeps_the_files_that_running_processes_ask_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, style = tmp_path / "build", tmp_path / "theme.css"
    monkeypatch.setattr(assets_build, "STYLE", style)
    names = []
    for text in ("a {}", "b {}", "c {}"):
        style.write_text(text)
        names.append(assets_build.build(folder)["theme.css"])
    assert [name for name in names if (folder / name).exists()] == names[1:]


def test_twins_hold_the_same_bytes_compressed_and_go_with_their_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, style = tmp_path / "build", tmp_path / "theme.css"
    monkeypatch.setattr(assets_build, "STYLE", style)
    names = []
    for number in range(3):
        style.write_text(f"a{number} {{}}\n" * 50)
        names.append(assets_build.build(folder)["theme.css"])
    twins = {path.name.removesuffix(".gz"): gzip.decompress(path.read_bytes()) for path in folder.glob("*.gz")}
    assert {name for name in twins if name.startswith("theme")} == set(names[1:])
    assert all((folder / name).read_bytes() == data for name, data in twins.items())


def test_nothing_is_asked_of_another_site(built: tuple) -> None:
    folder, manifest = built
    style = (folder / manifest["theme.css"]).read_text() + (folder / manifest["bootstrap.min.css"]).read_text()
    assert "@import" not in style
    assert all(not rest.startswith(('"http', "http", "//")) for rest in style.split("url(")[1:])
    assert b"sourceMappingURL" not in (folder / manifest["htmx.min.js"]).read_bytes()


def test_all_of_it_is_under_120_kilobytes_compressed(built: tuple) -> None:
    folder, manifest = built
    total = sum(len(gzip.compress((folder / name).read_bytes())) for name in manifest.values())
    assert total < 120_000


def test_a_missing_build_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(AssetsMissing, match=r"gateway\.assets_build"):
        read_manifest(tmp_path)
