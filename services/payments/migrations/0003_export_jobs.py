"""Exports that are too long for one call."""

from alembic import op

from chassis.schema import tenant_table

revision = "0003"
down_revision = "0002"

JOBS = """
    create table export_jobs (
        id uuid primary key,
        siret text not null,
        request jsonb not null,
        state text not null check (state in ('waiting', 'running', 'ready', 'failed')),
        total integer not null,
        done integer not null default 0,
        attempts integer not null default 0,
        leased_until timestamptz,
        object_key text,
        file_name text,
        media_type text,
        size bigint,
        requested_at timestamptz not null,
        finished_at timestamptz,
        constraint leased_while_running check ((state = 'running') = (leased_until is not null)),
        constraint file_when_ready check (
            num_nulls(object_key, file_name, media_type, size) = case when state = 'ready' then 0 else 4 end
        ),
        constraint finished check ((state in ('ready', 'failed')) = (finished_at is not null))
    )
"""


def upgrade() -> None:
    """The app role may ask for an export and look at it; only the worker role makes it."""
    op.execute(JOBS)
    op.execute("create index export_jobs_open on export_jobs (requested_at) where state in ('waiting', 'running')")
    op.execute("create index export_jobs_age on export_jobs (requested_at)")
    tenant_table("export_jobs", "payments")
    op.execute("revoke update, delete on export_jobs from payments_app")


def downgrade() -> None:
    """Removes them; the files in the bucket are swept."""
    op.execute("drop table export_jobs")
