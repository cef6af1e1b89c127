"""Rhythms and bounds of endpoints; alarms; the past; watches and what they told; two indexes

Revision ID: 0005
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
JSON = sa.JSON().with_variant(JSONB(), "postgresql")
SOURCE_BOUNDS = ("least_minutes", "most_minutes", "daily_requests")
TABLES = ("deliveries", "told", "watches", "backfill_pages", "backfills", "alarms", "host_files")


def upgrade() -> None:
    for name in SOURCE_BOUNDS:
        op.add_column("sources", sa.Column(name, sa.Integer(), nullable=True))
    for name, kind in (
        ("rhythm", JSON), ("wishes", JSON), ("newest_at", MOMENT), ("closed_at", MOMENT),
    ):  # fmt: skip
        op.add_column("endpoints", sa.Column(name, kind, nullable=True))
    op.drop_index("ix_mentions_entry_id", "mentions")
    op.create_index("ix_mentions_entry_id", "mentions", ["entry_id", "item_id"])
    op.create_index("ix_articles_item_key", "articles", ["item_id", "search_key"])
    op.create_index("ix_items_source_id_state", "items", ["source_id", "kind", "state"])
    op.create_table(
        "host_files",
        sa.Column("url", sa.String(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("url", name=op.f("pk_host_files")),
    )
    op.create_table(
        "alarms",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("source_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("raised_at", MOMENT, nullable=False),
        sa.Column("cleared_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(
            ["source_id"], ["sources.id"], name=op.f("fk_alarms_source_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alarms")),
    )
    op.create_index("ix_alarms_source_id_cleared_at", "alarms", ["source_id", "cleared_at"])
    op.create_table(
        "backfills",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("source_id", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(16), nullable=False),
        sa.Column("since", MOMENT, nullable=False),
        sa.Column("until", MOMENT, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.Column("announced", sa.Integer(), nullable=False),
        sa.Column("fresh", sa.Integer(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.CheckConstraint("reason IN ('asked', 'gap')", name=op.f("ck_backfills_reason")),
        sa.CheckConstraint("state IN ('open', 'done', 'failed')", name=op.f("ck_backfills_state")),
        sa.ForeignKeyConstraint(
            ["source_id"], ["sources.id"], name=op.f("fk_backfills_source_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_backfills")),
    )
    op.create_index("ix_backfills_source_id_state", "backfills", ["source_id", "state"])
    op.create_table(
        "backfill_pages",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("backfill_id", sa.Integer(), nullable=False),
        sa.Column("url", sa.String(), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("barren", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("cause", sa.String(64), nullable=True),
        sa.CheckConstraint(
            "state IN ('pending', 'done', 'failed')", name=op.f("ck_backfill_pages_state")
        ),
        sa.ForeignKeyConstraint(
            ["backfill_id"], ["backfills.id"], name=op.f("fk_backfill_pages_backfill_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_backfill_pages")),
        sa.UniqueConstraint("backfill_id", "url", name=op.f("uq_backfill_pages_backfill_id_url")),
    )  # fmt: skip
    op.create_table(
        "watches",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("search_id", sa.Integer(), nullable=True),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("secret", sa.String(64), nullable=False),
        sa.Column("every_minutes", sa.Integer(), nullable=False),
        sa.Column("after", sa.Integer(), nullable=False),
        sa.Column("first", sa.Integer(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("due_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["search_id"], ["saved_searches.id"], name=op.f("fk_watches_search_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_watches")),
    )  # fmt: skip
    op.create_index(op.f("ix_watches_search_id"), "watches", ["search_id"])
    op.create_table(
        "told",
        sa.Column("watch_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("item_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["watch_id"], ["watches.id"], name=op.f("fk_told_watch_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["item_id"], ["items.id"], name=op.f("fk_told_item_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("watch_id", "item_id", name=op.f("pk_told")),
    )
    op.create_index(op.f("ix_told_item_id"), "told", ["item_id"])
    op.create_table(
        "deliveries",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("watch_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(36), nullable=False),
        sa.Column("payload", JSON, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("due_at", MOMENT, nullable=True),
        sa.Column("sent_at", MOMENT, nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["watch_id"], ["watches.id"], name=op.f("fk_deliveries_watch_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deliveries")),
        sa.UniqueConstraint("key", name=op.f("uq_deliveries_key")),
    )
    op.create_index("ix_deliveries_due_at", "deliveries", ["due_at"])
    op.create_index(op.f("ix_deliveries_watch_id"), "deliveries", ["watch_id"])


def downgrade() -> None:
    for table in TABLES:
        op.drop_table(table)
    op.drop_index("ix_items_source_id_state", "items")
    op.drop_index("ix_articles_item_key", "articles")
    op.drop_index("ix_mentions_entry_id", "mentions")
    op.create_index("ix_mentions_entry_id", "mentions", ["entry_id"])
    for name in ("rhythm", "wishes", "newest_at", "closed_at"):
        op.drop_column("endpoints", name)
    for name in SOURCE_BOUNDS:
        op.drop_column("sources", name)
