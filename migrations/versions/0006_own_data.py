"""tasks and datasets of the user's own"""

import sqlalchemy as sa
from alembic import op


revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None
works_from = '0005'


def upgrade() -> None:
    op.create_table(
        'tasks',
        sa.Column('number', sa.Integer(), autoincrement=True, nullable=False),
        sa.Column('name', sa.String(length=64), nullable=False),
        sa.Column('declaration', sa.JSON(), nullable=False),
        sa.Column('revision', sa.Integer(), nullable=False),
        sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('updated_at', sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint('number', name=op.f('pk_tasks')),
        sa.UniqueConstraint('name', name=op.f('uq_tasks_name')),
        sqlite_autoincrement=True,
    )
    op.create_table(
        'datasets',
        sa.Column('number', sa.Integer(), autoincrement=True, nullable=False),
        sa.Column('id', sa.String(length=64), nullable=False),
        sa.Column('name', sa.String(length=64), nullable=False),
        sa.Column('version', sa.Integer(), nullable=False),
        sa.Column('task', sa.String(length=64), nullable=False),
        sa.Column('sha256', sa.String(length=64), nullable=False),
        sa.Column('bytes', sa.BigInteger(), nullable=False),
        sa.Column('rows', sa.Integer(), nullable=False),
        sa.Column('train_rows', sa.Integer(), nullable=False),
        sa.Column('test_rows', sa.Integer(), nullable=False),
        sa.Column('skipped', sa.Integer(), nullable=False),
        sa.Column('findings', sa.JSON(), nullable=False),
        sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint('number', name=op.f('pk_datasets')),
        sa.UniqueConstraint('id', name=op.f('uq_datasets_id')),
        sa.UniqueConstraint('name', 'version', name=op.f('uq_datasets_name_version')),
        sqlite_autoincrement=True,
    )
    op.create_index('ix_datasets_task_number', 'datasets', ['task', 'number'])


def downgrade() -> None:
    # The files of the rows stay: `densely gc` of a release that knows them shows what nothing refers to.
    op.drop_table('datasets')
    op.drop_table('tasks')
