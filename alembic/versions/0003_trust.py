"""Duplicates, events, revisions as changes, rights, repeated captures, takedowns

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")


def upgrade() -> None:
    with op.batch_alter_table("sources") as batch:
        batch.add_column(sa.Column("rights", sa.String(16), nullable=False, server_default="obey"))
        batch.add_column(sa.Column("store", sa.String(16), nullable=False, server_default="gzip"))
        batch.add_column(sa.Column("rules", JSON, nullable=True))
        batch.create_check_constraint(op.f("ck_sources_rights"), "rights IN ('obey', 'ignore')")
        batch.create_check_constraint(op.f("ck_sources_store"), "store IN ('gzip', 'zstd')")
    with op.batch_alter_table("captures") as batch:
        batch.add_column(
            sa.Column("kind", sa.String(16), nullable=False, server_default="response")
        )
        batch.add_column(sa.Column("refers_to", sa.Integer(), nullable=True))
        batch.add_column(sa.Column("rights", JSON, nullable=True))
        batch.create_check_constraint(
            op.f("ck_captures_kind"), "kind IN ('response', 'revisit', 'forgotten')"
        )
        batch.create_foreign_key(
            op.f("fk_captures_refers_to"), "captures", ["refers_to"], ["id"], ondelete="SET NULL"
        )
        batch.create_index(op.f("ix_captures_refers_to"), ["refers_to"])
        # Nothing asks by it, and its random places cost every capture a page of the database.
        batch.drop_index(op.f("ix_captures_digest"))
    with op.batch_alter_table("revisions") as batch:
        batch.alter_column("content", existing_type=JSON, nullable=True)
        batch.add_column(sa.Column("delta", JSON, nullable=True))
        batch.add_column(sa.Column("origin", sa.String(16), nullable=False, server_default="crawl"))
        batch.add_column(
            sa.Column("silent", sa.Boolean(), nullable=False, server_default=sa.false())
        )
        batch.create_check_constraint(
            op.f("ck_revisions_origin"), "origin IN ('crawl', 'reextraction', 'import')"
        )
        batch.create_check_constraint(
            op.f("ck_revisions_content"), "(content IS NULL) <> (delta IS NULL)"
        )
        batch.create_index(op.f("ix_revisions_capture_id"), ["capture_id"])
    with op.batch_alter_table("articles") as batch:
        batch.add_column(sa.Column("extractor", sa.String(40), nullable=False, server_default=""))
        batch.add_column(sa.Column("rights", JSON, nullable=False, server_default="[]"))
        batch.add_column(sa.Column("cluster_id", sa.Integer(), nullable=True))
        batch.add_column(sa.Column("similarity", sa.Double(), nullable=True))
        batch.create_foreign_key(
            op.f("fk_articles_cluster_id"), "items", ["cluster_id"], ["id"], ondelete="SET NULL"
        )
        batch.create_index(op.f("ix_articles_cluster_id"), ["cluster_id"])
    with op.batch_alter_table("directory_entries") as batch:
        batch.add_column(sa.Column("extractor", sa.String(40), nullable=False, server_default=""))
    for table in ("articles", "directory_entries"):
        # Names of tables are ours; the extractor of the newest revision is what last ran.
        op.execute(
            f"UPDATE {table} SET extractor = coalesce((SELECT r.extractor FROM revisions r"  # noqa: S608
            f" WHERE r.item_id = {table}.item_id ORDER BY r.number DESC LIMIT 1), '')"
        )
    op.create_table(
        "events",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("item_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.CheckConstraint("kind IN ('gone', 'returned', 'moved')", name=op.f("ck_events_kind")),
        sa.ForeignKeyConstraint(
            ["item_id"], ["items.id"], name=op.f("fk_events_item_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["run_id"], ["crawl_runs.id"], name=op.f("fk_events_run_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_events")),
    )
    op.create_index("ix_events_item_id_at", "events", ["item_id", "at"])
    op.create_index("ix_events_at", "events", ["at"])
    op.create_table(
        "signatures",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("item_id", sa.Integer(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["item_id"], ["items.id"], name=op.f("fk_signatures_item_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signatures")),
        sa.UniqueConstraint("item_id", name=op.f("uq_signatures_item_id")),
    )
    op.create_table(
        "signature_bands",
        sa.Column("generation", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("band", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("signature_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint(
            "generation", "band", "signature_id", name=op.f("pk_signature_bands")
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "forgettings",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("what", sa.String(), nullable=False),
        sa.Column("counts", JSON, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.CheckConstraint("state IN ('begun', 'done')", name=op.f("ck_forgettings_state")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_forgettings")),
    )
    op.create_table(
        "tombstones",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("forgetting_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.CheckConstraint(
            "kind IN ('address', 'identity', 'text', 'media', 'source')",
            name=op.f("ck_tombstones_kind"),
        ),
        sa.ForeignKeyConstraint(
            ["forgetting_id"],
            ["forgettings.id"],
            name=op.f("fk_tombstones_forgetting_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tombstones")),
        sa.UniqueConstraint("kind", "digest", name=op.f("uq_tombstones_kind_digest")),
    )
    op.create_index(op.f("ix_tombstones_forgetting_id"), "tombstones", ["forgetting_id"])
    op.create_table(
        "imports",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("done", sa.Boolean(), nullable=False),
        sa.Column("counts", JSON, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_imports")),
        sa.UniqueConstraint("name", name=op.f("uq_imports_name")),
    )


def downgrade() -> None:
    for table in (
        "imports",
        "tombstones",
        "forgettings",
        "signature_bands",
        "signatures",
        "events",
    ):
        op.drop_table(table)
    with op.batch_alter_table("directory_entries") as batch:
        batch.drop_column("extractor")
    with op.batch_alter_table("articles") as batch:
        batch.drop_index(op.f("ix_articles_cluster_id"))
        batch.drop_constraint(op.f("fk_articles_cluster_id"), type_="foreignkey")
        for name in ("similarity", "cluster_id", "rights", "extractor"):
            batch.drop_column(name)
    # Revisions kept as changes cannot be read by the older code; the first and whole ones can.
    op.execute("DELETE FROM revisions WHERE content IS NULL")
    with op.batch_alter_table("revisions") as batch:
        batch.drop_index(op.f("ix_revisions_capture_id"))
        batch.drop_constraint(op.f("ck_revisions_origin"), type_="check")
        batch.drop_constraint(op.f("ck_revisions_content"), type_="check")
        for name in ("silent", "origin", "delta"):
            batch.drop_column(name)
        batch.alter_column("content", existing_type=JSON, nullable=False)
    op.execute("DELETE FROM captures WHERE kind <> 'response'")
    with op.batch_alter_table("captures") as batch:
        batch.create_index(op.f("ix_captures_digest"), ["digest"])
        batch.drop_index(op.f("ix_captures_refers_to"))
        batch.drop_constraint(op.f("fk_captures_refers_to"), type_="foreignkey")
        batch.drop_constraint(op.f("ck_captures_kind"), type_="check")
        for name in ("rights", "refers_to", "kind"):
            batch.drop_column(name)
    with op.batch_alter_table("sources") as batch:
        batch.drop_constraint(op.f("ck_sources_rights"), type_="check")
        batch.drop_constraint(op.f("ck_sources_store"), type_="check")
        batch.drop_column("rules")
        batch.drop_column("store")
        batch.drop_column("rights")
