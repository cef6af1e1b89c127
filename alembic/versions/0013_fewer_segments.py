"""SQLite's index is written in fewer and larger segments; filters of bands are looked after faster

Revision ID: 0013
Revises: 0012

A batch of a hundred articles is some 2 MB in the memory of FTS5, which makes a segment of each
megabyte unless told otherwise: three of a batch, and each word in all of them. Thirty-two segments
are merged at a time and not sixteen, so that in an archive of a million articles a word is written
twice after its first time, not three times (docs/archive.md). Whether a filter has changed is
asked for each batch; their versions have an index, since the filters themselves are large.

Clusters of near-duplicates that nothing led, or that had one article, were left behind where an
article of a batch led others before its own turn came: the first of each leads now.
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

# https://www.sqlite.org/fts5.html, 6: "automerge", "crisismerge", and the size in bytes of what is
# held in memory ("hashsize", which FTS5's source has and its documentation has not).
SET = "INSERT INTO search_index (search_index, rank) VALUES ('{what}', {value})"
BEFORE = {"automerge": 16, "crisismerge": 64, "hashsize": 1 << 20}
OURS = {"automerge": 32, "crisismerge": 128, "hashsize": 32 << 20}


CLUSTERS = (
    "SELECT c.cluster_id AS cluster, min(c.item_id) AS first, count(*) AS count FROM articles AS c"
    " LEFT JOIN articles AS l ON l.item_id = c.cluster_id WHERE c.cluster_id IS NOT NULL"
    " GROUP BY c.cluster_id, l.cluster_id"
    " HAVING count(*) = 1 OR coalesce(l.cluster_id, 0) <> c.cluster_id"
)


def upgrade() -> None:
    connection = op.get_bind()
    for cluster, first, count in connection.execute(sa.text(CLUSTERS)).all():
        leading = first if count > 1 else None
        connection.execute(
            sa.text("UPDATE articles SET cluster_id = :leading WHERE cluster_id = :cluster"),
            {"leading": leading, "cluster": cluster},
        )
        connection.execute(
            sa.text("UPDATE articles SET similarity = :like WHERE item_id = :first"),
            {"like": 1.0 if leading else None, "first": first},
        )
    _set(OURS)
    op.create_index("ix_band_filters_version", "band_filters", ["version"])


def downgrade() -> None:
    op.drop_index("ix_band_filters_version", "band_filters")
    _set(BEFORE)


def _set(values: dict[str, int]) -> None:
    if op.get_bind().dialect.name == "sqlite":
        for what, value in values.items():
            op.execute(SET.format(what=what, value=value))
