"""who activated a model, and the reason that was given"""

import sqlalchemy as sa
from alembic import op


revision = '0011'
down_revision = '0010'
branch_labels = None
depends_on = None
# Code of the release before writes activations of nobody's, without a reason of the client's own.
works_from = '0010'


def upgrade() -> None:
    op.add_column('activations', sa.Column('by_key', sa.String(length=64), nullable=True))
    op.add_column('activations', sa.Column('note', sa.String(length=200), nullable=True))


def downgrade() -> None:
    op.drop_column('activations', 'note')
    op.drop_column('activations', 'by_key')
