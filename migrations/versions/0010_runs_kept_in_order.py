"""notes, archived runs, a score to sort runs by, and how many runs a worker trains side by side"""

import sqlalchemy as sa
from alembic import op


revision = '0010'
down_revision = '0009'
branch_labels = None
depends_on = None
# A worker of 0009 ends runs without a score, which API processes of 0010 give them when they start.
works_from = '0009'

METRIC = {'binary': 'accuracy', 'multiclass': 'accuracy', 'multilabel': 'f1'}
LESS_IS_BETTER = {'regression': 'mae', 'unit_regression': 'mae'}
AT_ONCE = 500

runs = sa.table(
    'runs',
    sa.column('number', sa.Integer),
    sa.column('recipe', sa.JSON),
    sa.column('metrics', sa.JSON),
    sa.column('score', sa.Float),
)


def upgrade() -> None:
    op.add_column('runs', sa.Column('note', sa.Text(), nullable=False, server_default=sa.text("''")))
    op.add_column('runs', sa.Column('archived_at', sa.DateTime(timezone=True), nullable=True))
    op.add_column('runs', sa.Column('score', sa.Float(), nullable=True))
    op.add_column('workers', sa.Column('trainers', sa.Integer(), nullable=True))
    _fill()
    op.create_index('ix_runs_score_number', 'runs', ['score', 'number'])
    op.create_index('ix_runs_created_at', 'runs', ['created_at'])


def downgrade() -> None:
    op.drop_index('ix_runs_created_at', 'runs')
    op.drop_index('ix_runs_score_number', 'runs')
    op.drop_column('workers', 'trainers')
    op.drop_column('runs', 'score')
    op.drop_column('runs', 'archived_at')
    op.drop_column('runs', 'note')


def _fill() -> None:
    """Give every run that has figures its score."""
    here, last = op.get_bind(), 0
    while True:
        part = here.execute(
            sa.select(runs).where(runs.c.number > last).order_by(runs.c.number).limit(AT_ONCE)
        ).all()
        if not part:
            return
        last = part[-1].number
        for row in part:
            if (score := _score(row.recipe or {}, row.metrics or {})) is not None:
                here.execute(sa.update(runs).where(runs.c.number == row.number).values(score=score))


def _score(recipe: dict, metrics: dict) -> float | None:
    """The head's metric on the test split, of a trial on the rows that it held out; the higher the better."""
    head = recipe.get('head')
    name = METRIC.get(head) or LESS_IS_BETTER.get(head)
    for split in ('test', 'validation'):
        value = (metrics.get(split) or {}).get(name)
        if isinstance(value, (int, float)):
            return -value if head in LESS_IS_BETTER else value
    return None
