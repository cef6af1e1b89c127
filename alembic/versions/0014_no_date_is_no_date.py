"""Articles without a date are of no day; reserved pages are kept and not passed on

Revision ID: 0014
Revises: 0013

The search keys of articles without a date named the day of their first capture. They leave the
index here, and ``storage.search.index.indexer`` adds them again under keys without a day, in
batches.

``noarchive`` and ``noindex`` speak to search engines that show copies to the public. Sources that
obeyed them keep such pages from now on, find them, and pass none of them on; what was skipped for
``noarchive`` alone is fetched by the next crawl. ``strict`` is how it was.
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

UNDATED = "search_key IS NOT NULL AND published_at IS NULL"
RENAMED = "UPDATE sources SET rights = '{new}' WHERE rights = '{old}'"
SKIPPED = (
    "UPDATE candidates SET state = 'pending', attempts = 0, cause = NULL, detail = NULL"
    " WHERE state = 'skipped' AND cause = 'noarchive'"
    " AND source_id IN (SELECT id FROM sources WHERE rights = 'reserve')"
)


def upgrade() -> None:
    _leave()
    _allow("'reserve', 'strict', 'ignore'", "reserve", {"obey": "reserve"})
    op.execute(SKIPPED)


def downgrade() -> None:
    _leave()
    _allow("'obey', 'ignore'", "obey", {"reserve": "obey", "strict": "obey"})


def _leave() -> None:
    key = "rowid" if op.get_bind().dialect.name == "sqlite" else "key"
    op.execute(
        f"DELETE FROM search_index WHERE {key} IN (SELECT search_key FROM articles WHERE {UNDATED})"  # noqa: S608
    )
    op.execute(f"UPDATE articles SET search_key = NULL WHERE {UNDATED}")  # noqa: S608


def _allow(policies: str, default: str, renamed: dict[str, str]) -> None:
    name = op.f("ck_sources_rights")
    with op.batch_alter_table("sources") as batch:
        batch.drop_constraint(name, type_="check")
    for old, new in renamed.items():
        op.execute(RENAMED.format(old=old, new=new))
    with op.batch_alter_table("sources") as batch:
        batch.alter_column("rights", existing_type=sa.String(16), existing_nullable=False,
                           server_default=default)  # fmt: skip
        batch.create_check_constraint(name, f"rights IN ({policies})")
