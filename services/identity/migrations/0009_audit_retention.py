"""Lines of the audit log whose time is over are dropped by the worker role, and the database lets it drop no others."""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

# A wall behind IDENTITY_AUDIT_YEARS, which is the rule: whatever a process is told, the last year stays. Nobody but the
# owner may change a line, as before.
POLICIES = (
    "create policy read on audit_log for select to identity_app, identity_worker using (true)",
    "create policy written on audit_log for insert to identity_app, identity_worker with check (true)",
    "create policy outdated on audit_log for delete to identity_worker using (at < now() - interval '1 year')",
)


def upgrade() -> None:
    """Let old lines go."""
    for policy in POLICIES:
        op.execute(policy)
    op.execute("alter table audit_log enable row level security")
    op.execute("grant delete on audit_log to identity_worker")


def downgrade() -> None:
    """Keep them for ever again."""
    op.execute("revoke delete on audit_log from identity_worker")
    op.execute("alter table audit_log disable row level security")
    for name in ("outdated", "written", "read"):
        op.execute(f"drop policy {name} on audit_log")
