"""Teasers over fuller texts are events; takedowns remember headlines

Revision ID: 0016
Revises: 0015

What the rules of words, addresses and teasers make of an older archive now is done by
``storage.jobs.upgrade`` after the migrations.
"""

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

EVENTS = "'gone', 'returned', 'moved'"
TOMBSTONES = "'address', 'identity', 'text', 'media', 'source'"


def upgrade() -> None:
    _allow("events", f"{EVENTS}, 'teaser', 'full'")
    _allow("tombstones", f"{TOMBSTONES}, 'title'")


def downgrade() -> None:
    op.execute("DELETE FROM events WHERE kind IN ('teaser', 'full')")
    op.execute("DELETE FROM tombstones WHERE kind = 'title'")
    _allow("events", EVENTS)
    _allow("tombstones", TOMBSTONES)


def _allow(table: str, kinds: str) -> None:
    with op.batch_alter_table(table) as batch:
        batch.drop_constraint(op.f(f"ck_{table}_kind"), type_="check")
        batch.create_check_constraint(op.f(f"ck_{table}_kind"), f"kind IN ({kinds})")
