"""What was asked for on « Mot de passe oublié » and « Identifiant oublié », until the mailer looks at it."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table of requests."""
    op.execute(
        """
        create table forgotten_requests (
            id uuid primary key,
            kind text not null check (kind in ('password', 'identifier')),
            sought text not null,
            remote_address text not null,
            requested_at timestamptz not null
        )
        """
    )
    op.execute("create index forgotten_requests_order on forgotten_requests (requested_at)")


def downgrade() -> None:
    """Drop it."""
    op.execute("drop table forgotten_requests")
