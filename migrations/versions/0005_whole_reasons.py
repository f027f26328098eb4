"""reasons of any length"""

import sqlalchemy as sa
from alembic import op


revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('activations') as batch:
        batch.alter_column('reason', existing_type=sa.String(length=200), type_=sa.Text(), existing_nullable=False)


def downgrade() -> None:
    # Longer ones have no room in the older release's column: their beginnings stay.
    op.execute("UPDATE activations SET reason = substr(reason, 1, 199) || '…' WHERE length(reason) > 200")
    with op.batch_alter_table('activations') as batch:
        batch.alter_column('reason', existing_type=sa.Text(), type_=sa.String(length=200), existing_nullable=False)
