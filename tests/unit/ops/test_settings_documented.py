"""docs/operations.md names every setting, with its default and what it means, and none that is gone."""

import importlib
import re
from pathlib import Path

import pytest
from pydantic.fields import FieldInfo

from ops.settings_check import SETTINGS

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| `([A-Z0-9_]+)` \| (.*?) \| (.*) \|$", re.MULTILINE)


def documented(process: str) -> dict[str, tuple[str, str]]:
    """Default and meaning by variable, as the page says of *process*."""
    section = PAGE.partition(f"### Settings of {process}\n")[2].partition("\n###")[0]
    return {variable: (default, meaning) for variable, default, meaning in ROW.findall(section)}


def shown(field: FieldInfo) -> str:
    """A field's default as the page writes it."""
    if field.is_required():
        return "required"
    value = field.default
    if value is None or value == "":
        return "none"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, tuple):
        return "`[" + ", ".join(f'"{one}"' for one in value) + "]`"
    return f"`{value}`"


def meaning(field: FieldInfo) -> str:
    """A field's description as the page writes it: what looks like a tag is code."""
    return re.sub(r"(?<![`<])(<service>_\w+)", r"`\1`", field.description or "")


@pytest.mark.parametrize("process", sorted(SETTINGS))
def test_every_setting_of_a_process_is_on_the_page_as_it_is_in_the_code(process: str) -> None:
    settings = importlib.import_module(SETTINGS[process]).Settings
    prefix = settings.model_config["env_prefix"]
    expected = {
        str(field.validation_alias or f"{prefix}{name}").upper(): (shown(field), meaning(field))
        for name, field in settings.model_fields.items()
    }
    rows = documented(process)
    wrong = {name for name in expected.keys() | rows.keys() if expected.get(name) != rows.get(name)}
    wanted = "\n".join(
        f"| `{name}` | {expected[name][0]} | {expected[name][1]} |" if name in expected else f"no row for {name}"
        for name in sorted(wrong)
    )
    assert not wrong, f"docs/operations.md, Settings of {process}, should say:\n{wanted}"


def test_every_variable_of_the_compose_file_is_on_the_page() -> None:
    used = set(re.findall(r"\$\{([A-Z_]+)", (ROOT / "docker-compose.yml").read_text(encoding="utf-8")))
    assert used
    assert used - {variable for variable, *_ in ROW.findall(PAGE)} == set()


def test_every_variable_of_the_operators_commands_is_on_the_page() -> None:
    code = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "ops").rglob("*.py"))
    used = set(re.findall(r'"(OPS_[A-Z0-9_]*[A-Z0-9])"', code))
    assert used
    assert {name for name in used if f"`{name}`" not in PAGE} == set()
