"""API keys, and who did what"""

import sqlalchemy as sa
from alembic import op


revision = '0007'
down_revision = '0006'
branch_labels = None
depends_on = None
works_from = '0006'


def upgrade() -> None:
    # With a default of the database's, so that a release that knows no keys goes on writing rows.
    op.add_column('runs', sa.Column('key_id', sa.String(length=64), nullable=False, server_default=sa.text("''")))
    op.add_column('datasets', sa.Column('key_id', sa.String(length=64), nullable=False, server_default=sa.text("''")))
    op.create_table(
        'api_keys',
        sa.Column('number', sa.Integer(), autoincrement=True, nullable=False),
        sa.Column('id', sa.String(length=64), nullable=False),
        sa.Column('name', sa.String(length=64), nullable=False),
        sa.Column('sha256', sa.String(length=64), nullable=False),
        sa.Column('scopes', sa.JSON(), nullable=False),
        sa.Column('tasks', sa.JSON(none_as_null=True), nullable=True),
        sa.Column('origins', sa.JSON(none_as_null=True), nullable=True),
        sa.Column('rate', sa.String(length=32), nullable=True),
        sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('expires_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('revoked_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('last_used_at', sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint('number', name=op.f('pk_api_keys')),
        sa.UniqueConstraint('id', name=op.f('uq_api_keys_id')),
        sa.UniqueConstraint('sha256', name=op.f('uq_api_keys_sha256')),
        sqlite_autoincrement=True,
    )
    op.create_index('ix_api_keys_name', 'api_keys', ['name'])
    op.create_table(
        'audit',
        sa.Column('number', sa.Integer(), autoincrement=True, nullable=False),
        sa.Column('at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('key_id', sa.String(length=64), nullable=True),
        sa.Column('address', sa.String(length=64), nullable=True),
        sa.Column('request_id', sa.String(length=128), nullable=True),
        sa.Column('action', sa.String(length=32), nullable=False),
        sa.Column('subject', sa.String(length=128), nullable=False),
        sa.Column('task', sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint('number', name=op.f('pk_audit')),
        sqlite_autoincrement=True,
    )
    op.create_index('ix_audit_action_number', 'audit', ['action', 'number'])
    op.create_index('ix_audit_key_id_number', 'audit', ['key_id', 'number'])


def downgrade() -> None:
    op.drop_table('audit')
    op.drop_table('api_keys')
    op.drop_column('datasets', 'key_id')
    op.drop_column('runs', 'key_id')
