"""several seeds"""

import sqlalchemy as sa
from alembic import op


revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('runs', sa.Column('seeds', sa.Integer(), nullable=False, server_default=sa.text('1')))
    with op.batch_alter_table('epochs', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('uq_epochs_run_id_fold_epoch'), type_='unique')
        batch_op.alter_column('fold', new_column_name='fit', existing_type=sa.Integer(), existing_nullable=False)
    with op.batch_alter_table('epochs', schema=None) as batch_op:
        batch_op.create_unique_constraint(batch_op.f('uq_epochs_run_id_fit_epoch'), ['run_id', 'fit', 'epoch'])


def downgrade() -> None:
    with op.batch_alter_table('epochs', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('uq_epochs_run_id_fit_epoch'), type_='unique')
        batch_op.alter_column('fit', new_column_name='fold', existing_type=sa.Integer(), existing_nullable=False)
    with op.batch_alter_table('epochs', schema=None) as batch_op:
        batch_op.create_unique_constraint(batch_op.f('uq_epochs_run_id_fold_epoch'), ['run_id', 'fold', 'epoch'])
    op.drop_column('runs', 'seeds')
