"""Alembic's entry: runs migrations on the connection that ``storage.database.migrations`` hands
over.

``alembic revision --autogenerate`` works too: it opens the archive that the environment names.
"""

from alembic import context

from storage.config import locate
from storage.database.engine import make_engine
from storage.database.migrations import include_name
from storage.models import Base


def run(connection) -> None:
    """Configure Alembic for ``connection`` and run what was asked for."""
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        include_name=include_name,
        render_as_batch=True,
        compare_type=True,
    )
    with context.begin_transaction():
        context.run_migrations()


given = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:
    engine = make_engine(locate().database_url)
    with engine.begin() as opened:
        run(opened)
