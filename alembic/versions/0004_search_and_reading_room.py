"""A search index in the order of time; users, tokens, saved searches, dossiers; leases of hosts

Revision ID: 0004
Revises: 0003

The index is filled again by ``storage.search.index.indexer`` after the migration, in batches.
"""

from typing import Literal

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)

SEARCH = {
    "sqlite": (
        # The tokens are cut and marked already: only the space between them parts them. Our own
        # ranking needs no sizes of columns.
        "CREATE VIRTUAL TABLE search_index USING fts5"
        "(headline, standfirst, body, headline_stems, text_stems, fields,"
        " tokenize = \"ascii tokenchars '=/'\", columnsize = 0)",
    ),
    "postgresql": (
        "CREATE TABLE search_index (key bigint PRIMARY KEY, document tsvector NOT NULL,"
        " headline text NOT NULL, standfirst text NOT NULL, body text NOT NULL,"
        " headline_stems text NOT NULL, text_stems text NOT NULL, fields text NOT NULL)"
        # Only keys stay in the rows: what matches is many rows on few pages.
        " WITH (toast_tuple_target = 128)",
        "CREATE INDEX ix_search_index_document ON search_index USING gin (document)",
    ),
}
OLD_SEARCH = {
    "sqlite": (
        "CREATE VIRTUAL TABLE search_index USING fts5"
        "(headline, standfirst, body, tokenize = 'unicode61 remove_diacritics 0')",
    ),
    "postgresql": (
        "CREATE TABLE search_index (item_id integer PRIMARY KEY"
        " REFERENCES items (id) ON DELETE CASCADE, document tsvector NOT NULL)",
        "CREATE INDEX ix_search_index_document ON search_index USING gin (document)",
    ),
}
# What lists and counts read of an article, beside its key: SQLite then need not read past its text.
COVERING = (
    "CREATE INDEX ix_articles_listing ON articles"
    " (search_key, item_id, cluster_id, language, section, kind, byline)"
)


def upgrade() -> None:
    dialect = op.get_bind().dialect.name
    op.execute("DROP TABLE search_index")
    recreate: Literal["always", "auto"] = "always" if dialect == "sqlite" else "auto"
    with op.batch_alter_table("articles", recreate=recreate) as batch:
        # Before the text, past which SQLite would have to read; PostgreSQL keeps that elsewhere.
        batch.add_column(
            sa.Column("search_key", sa.BigInteger(), nullable=True),
            **({"insert_after": "item_id"} if dialect == "sqlite" else {}),
        )
        batch.add_column(
            sa.Column("published_zoned", sa.Boolean(), nullable=False, server_default=sa.true())
        )
        batch.add_column(
            sa.Column("modified_zoned", sa.Boolean(), nullable=False, server_default=sa.true())
        )
        batch.create_unique_constraint(op.f("uq_articles_search_key"), ["search_key"])
        batch.create_index(op.f("ix_articles_language"), ["language"])
    op.add_column(
        "links",
        sa.Column("published_zoned", sa.Boolean(), nullable=False, server_default=sa.true()),
    )
    if dialect == "sqlite":
        op.execute(COVERING)
    for statement in SEARCH[dialect]:
        op.execute(statement)
    # What gave no zone had no offset; from here on the offset is that of its wall clock.
    op.execute(
        "UPDATE articles SET published_zoned = false"
        " WHERE published_at IS NOT NULL AND published_offset IS NULL"
    )
    op.execute(
        "UPDATE articles SET modified_zoned = false"
        " WHERE modified_at IS NOT NULL AND modified_offset IS NULL"
    )
    op.execute(
        "UPDATE links SET published_zoned = false"
        " WHERE published_at IS NOT NULL AND published_offset IS NULL"
    )
    op.create_table(
        "leases",
        sa.Column("host", sa.String(255), nullable=False),
        sa.Column("holder", sa.String(64), nullable=False),
        sa.Column("until", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("host", name=op.f("pk_leases")),
    )
    op.create_table(
        "users",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("password", sa.String(200), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("name", name=op.f("uq_users_name")),
    )
    op.create_table(
        "tokens",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("scope", sa.String(16), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("used_at", MOMENT, nullable=True),
        sa.Column("revoked_at", MOMENT, nullable=True),
        sa.CheckConstraint("scope IN ('read', 'write')", name=op.f("ck_tokens_scope")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tokens")),
        sa.UniqueConstraint("digest", name=op.f("uq_tokens_digest")),
    )
    op.create_table(
        "saved_searches",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("query", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_searches")),
        sa.UniqueConstraint("name", name=op.f("uq_saved_searches_name")),
    )
    op.create_table(
        "dossiers",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("query", sa.Text(), nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dossiers")),
        sa.UniqueConstraint("name", name=op.f("uq_dossiers_name")),
    )
    op.create_table(
        "dossier_articles",
        sa.Column("dossier_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("item_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("added_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["dossier_id"],
            ["dossiers.id"],
            name=op.f("fk_dossier_articles_dossier_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["item_id"], ["items.id"], name=op.f("fk_dossier_articles_item_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("dossier_id", "item_id", name=op.f("pk_dossier_articles")),
    )
    op.create_index(op.f("ix_dossier_articles_item_id"), "dossier_articles", ["item_id"])


def downgrade() -> None:
    dialect = op.get_bind().dialect.name
    for table in ("leases", "dossier_articles", "dossiers", "saved_searches", "tokens", "users"):
        op.drop_table(table)
    op.execute("DROP TABLE search_index")
    if dialect == "sqlite":
        op.execute("DROP INDEX ix_articles_listing")
    # The older code reads an offset as one that the publisher stated.
    op.execute("UPDATE articles SET published_offset = NULL WHERE NOT published_zoned")
    op.execute("UPDATE articles SET modified_offset = NULL WHERE NOT modified_zoned")
    op.execute("UPDATE links SET published_offset = NULL WHERE NOT published_zoned")
    with op.batch_alter_table("links") as batch:
        batch.drop_column("published_zoned")
    with op.batch_alter_table("articles") as batch:
        batch.drop_index(op.f("ix_articles_language"))
        batch.drop_constraint(op.f("uq_articles_search_key"), type_="unique")
        for name in ("search_key", "published_zoned", "modified_zoned"):
            batch.drop_column(name)
    for statement in OLD_SEARCH[dialect]:
        op.execute(statement)
