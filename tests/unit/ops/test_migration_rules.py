"""Migrations let the release before go on working (R20)."""

import re
from pathlib import Path

import pytest

from ops.migration_rules import breaches, files

SERVICES = Path(__file__).resolve().parents[3] / "services"
MIGRATIONS = [path for service in ("identity", "payments", "documents") for path in files(SERVICES / service)]


def migration(statement: str, *, head: str = "") -> str:
    """A migration with one statement."""
    return (
        f'"""Documentation may say: drop table."""\n{head}\ndown_revision = "0001"\n\n'
        f"def upgrade():\n    op.execute({statement!r})\n\n"
        'def downgrade():\n    op.execute("drop table payments")\n'
    )


@pytest.mark.parametrize("path", MIGRATIONS, ids=lambda path: f"{path.parts[-3]}-{path.stem}")
def test_r20_release_before_lives_with_every_migration(path: Path) -> None:
    assert breaches(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("statement", "what"),
    [
        ("drop table payments", "drops a table"),
        ("alter table payments drop column amount", "drops a column"),
        ("ALTER TABLE payments RENAME COLUMN amount TO sum", "renames"),
        ("alter table payments rename to paid", "renames"),
        ("alter table payments alter column amount type bigint", "changes a type"),
        ("alter table payments alter column corrects set not null", "forbids empty values"),
        ("alter table payments add column urgent boolean not null", "adds a column that must be given"),
        ("alter table payments add constraint positive check (amount > 0)", "adds a constraint"),
        ("revoke select on payments from payments_app", "takes rights away"),
    ],
)
def test_r20_what_the_release_before_cannot_live_with_waits_for_a_contract(statement: str, what: str) -> None:
    assert breaches(migration(statement)) == [what]
    assert breaches(migration(statement, head="contract = True")) == []


@pytest.mark.parametrize(
    "statement",
    [
        "create table trips (id uuid primary key, siret text not null)",
        "alter table payments add column urgent boolean not null default false",
        "alter table payments add column note text",
        "alter table payments add column cents bigint not null generated always as (amount * 100) stored",
        "alter table payments add column batch uuid, add constraint batched check (batch is null or ticked_at is not null)",
        "alter table deposits alter column sha256 drop not null",
        "alter table advices drop constraint advices_version_check, add check (version >= 0)",
        "create index payments_note on payments (note)",
    ],
)
def test_r20_what_only_adds_may_be_rolled_out_beside_the_release_before(statement: str) -> None:
    assert breaches(migration(statement)) == []


def test_r20_table_that_is_new_has_no_release_before_it() -> None:
    source = migration("create table trips (id uuid)").replace(
        "def downgrade", '    op.execute("revoke delete on trips from payments_app")\n\ndef downgrade'
    )
    assert breaches(source) == []


@pytest.mark.parametrize("service", ["identity", "payments", "documents"])
def test_migrations_of_a_service_are_one_line_without_forks(service: str) -> None:
    pattern = re.compile(r'^(down_)?revision = (?:"(\w+)"|None)$', re.MULTILINE)
    found = [dict(pattern.findall(path.read_text(encoding="utf-8"))) for path in files(SERVICES / service)]
    assert [one["down_"] for one in found] == ["", *(one[""] for one in found[:-1])]
