"""heartbeats instead of times, and what all processes of an installation share"""

import sqlalchemy as sa
from alembic import op


revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('runs', sa.Column('lease_beats', sa.Integer(), nullable=True))
    op.execute("UPDATE runs SET lease_beats = 0 WHERE status = 'running'")
    op.drop_column('runs', 'lease_expires_at')
    op.create_table('installation',
    sa.Column('name', sa.String(length=64), nullable=False),
    sa.Column('value', sa.String(length=200), nullable=False),
    sa.PrimaryKeyConstraint('name', name=op.f('pk_installation'))
    )


def downgrade() -> None:
    op.drop_table('installation')
    op.add_column('runs', sa.Column('lease_expires_at', sa.DateTime(timezone=True), nullable=True))
    # Nobody renews these under the older release: they have run out.
    op.execute("UPDATE runs SET lease_expires_at = created_at WHERE status = 'running'")
    op.drop_column('runs', 'lease_beats')
