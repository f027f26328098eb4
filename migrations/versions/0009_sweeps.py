"""sweeps, and which runs are their trials"""

import sqlalchemy as sa
from alembic import op


revision = '0009'
down_revision = '0008'
branch_labels = None
depends_on = None
# A worker of 0008 trains a trial as any other run: it has its validation figure, and a model besides.
works_from = '0008'


def upgrade() -> None:
    op.add_column('runs', sa.Column('sweep', sa.String(length=64), nullable=True))
    op.add_column('runs', sa.Column('trial', sa.JSON(none_as_null=True), nullable=True))
    op.add_column('runs', sa.Column('prior', sa.JSON(none_as_null=True), nullable=True))
    op.create_index('ix_runs_sweep_number', 'runs', ['sweep', 'number'])
    op.create_table(
        'sweeps',
        sa.Column('number', sa.Integer(), autoincrement=True, nullable=False),
        sa.Column('id', sa.String(length=64), nullable=False),
        sa.Column('task', sa.String(length=64), nullable=False),
        sa.Column('status', sa.String(length=16), nullable=False),
        sa.Column('name', sa.String(length=200), nullable=True),
        sa.Column('tags', sa.JSON(), nullable=False),
        sa.Column('plan', sa.JSON(), nullable=False),
        sa.Column('generations', sa.Integer(), nullable=False),
        sa.Column('skipped', sa.Integer(), nullable=False),
        sa.Column('skipped_reason', sa.Text(), nullable=True),
        sa.Column('importance', sa.JSON(), nullable=False),
        sa.Column('winner', sa.String(length=64), nullable=True),
        sa.Column('final_run', sa.String(length=64), nullable=True),
        sa.Column('key_id', sa.String(length=64), nullable=False, server_default=sa.text("''")),
        sa.Column('idempotency_key', sa.String(length=255), nullable=True),
        sa.Column('request_sha256', sa.String(length=64), nullable=True),
        sa.Column('traceparent', sa.String(length=55), nullable=True),
        sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('finished_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('cancel_requested_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('error_type', sa.String(length=64), nullable=True),
        sa.Column('error_message', sa.Text(), nullable=True),
        sa.CheckConstraint("status IN ('running', 'succeeded', 'failed', 'cancelled')", name=op.f('ck_sweeps_status')),
        sa.PrimaryKeyConstraint('number', name=op.f('pk_sweeps')),
        sa.UniqueConstraint('id', name=op.f('uq_sweeps_id')),
        sa.UniqueConstraint('idempotency_key', name=op.f('uq_sweeps_idempotency_key')),
        sqlite_autoincrement=True,
    )
    op.create_index('ix_sweeps_status_number', 'sweeps', ['status', 'number'])
    op.create_index('ix_sweeps_task_number', 'sweeps', ['task', 'number'])


def downgrade() -> None:
    op.drop_table('sweeps')
    op.drop_index('ix_runs_sweep_number', 'runs')
    op.drop_column('runs', 'prior')
    op.drop_column('runs', 'trial')
    op.drop_column('runs', 'sweep')
