"""What migrations of all services share: the tables of delivery, and the second wall around tenants."""

from alembic import op


def delivery_tables() -> None:
    """Outbox, inbox, burials and idempotency keys, as of the first version of every service."""
    op.execute(
        """
        create table outbox (
            id bigint generated always as identity primary key,
            xid xid8 not null default pg_current_xact_id(),
            event_id uuid not null unique,
            type text not null,
            exchange text not null,
            body text not null,
            created_at timestamptz not null,
            published_at timestamptz,
            unrouted boolean not null default false
        )
        """
    )
    op.execute("create index outbox_waiting on outbox (id) where published_at is null")
    op.execute("create index outbox_replay on outbox (xid, id)")
    op.execute(
        """
        create table inbox (
            consumer text not null,
            source text not null,
            event_id text not null,
            data_sha256 text not null,
            applied_at timestamptz not null default now(),
            primary key (consumer, source, event_id)
        )
        """
    )
    op.execute("create index inbox_age on inbox (applied_at)")
    op.execute(
        """
        create table idempotency (
            method text not null,
            scope text not null,
            key text not null,
            request_sha256 text not null,
            answer jsonb,
            created_at timestamptz not null default now(),
            primary key (method, scope, key)
        )
        """
    )
    op.execute("create index idempotency_age on idempotency (created_at)")
    op.execute(
        """
        create table burials (
            queue text not null,
            source text not null,
            event_id text not null,
            data_sha256 text not null,
            reason text not null,
            fields text[] not null,
            attempts integer not null,
            buried_at timestamptz not null default now(),
            primary key (queue, source, event_id, data_sha256)
        )
        """
    )
    op.execute("create index burials_age on burials (buried_at)")


def outbox_horizon() -> None:
    """The furthest event that pruning has dropped, in at most one row: what a reader before it has missed is gone."""
    op.execute(
        """
        create table outbox_horizon (
            single boolean primary key default true check (single),
            xid xid8 not null,
            id bigint not null
        )
        """
    )


def tenant_table(table: str, service: str) -> None:
    """Row-level security by the column `siret`: the app role sees only the employer of its transaction (K30)."""
    op.execute(f"alter table {table} enable row level security")
    op.execute(f"alter table {table} force row level security")
    tenant = "siret = nullif(current_setting('app.siret', true), '')"
    op.execute(f"create policy employer on {table} to {service}_app using ({tenant}) with check ({tenant})")
    for role in (f"{service}_worker", f"{service}_owner"):
        op.execute(f"create policy {role} on {table} to {role} using (true) with check (true)")
