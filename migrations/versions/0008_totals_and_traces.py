"""totals of what has happened to runs, memory of trainers, and the trace that a run belongs to"""

import sqlalchemy as sa
from alembic import op


revision = '0008'
down_revision = '0007'
branch_labels = None
depends_on = None
works_from = '0007'


def upgrade() -> None:
    op.add_column('runs', sa.Column('traceparent', sa.String(length=55), nullable=True))
    op.add_column('workers', sa.Column('trainer_memory', sa.BigInteger(), nullable=True))
    # Counting begins here: who reads the totals looks at how they grow.
    op.create_table(
        'totals',
        sa.Column('name', sa.String(length=64), nullable=False),
        sa.Column('task', sa.String(length=64), nullable=False),
        sa.Column('kind', sa.String(length=64), nullable=False),
        sa.Column('value', sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint('name', 'task', 'kind', name=op.f('pk_totals')),
    )


def downgrade() -> None:
    op.drop_table('totals')
    op.drop_column('workers', 'trainer_memory')
    op.drop_column('runs', 'traceparent')
