"""The command line. Verbs are imported when they run, so that ``search`` starts at once."""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import sys
from typing import Any, NoReturn

import click

from dateline.cli.logs import configure_logs
from dateline.cli.options import ExitCode, say
from storage.version import VERSION

# verb: (module, function)
_VERBS = {
    "init": ("dateline.cli.archive", "init"),
    "add": ("dateline.cli.sources", "add"),
    "sources": ("dateline.cli.sources", "sources"),
    "crawl": ("dateline.cli.crawl", "crawl"),
    "backfill": ("dateline.cli.backfill", "backfill"),
    "run": ("dateline.cli.schedule", "run"),
    "worker": ("dateline.cli.worker", "worker"),
    "alert": ("dateline.cli.alert", "alert"),
    "install-service": ("dateline.cli.schedule", "install_service"),
    "search": ("dateline.cli.search", "search"),
    "show": ("dateline.cli.show", "show"),
    "who": ("dateline.cli.directory", "who"),
    "related": ("dateline.cli.directory", "related"),
    "serve": ("dateline.cli.serve", "serve"),
    "user": ("dateline.cli.readers", "user"),
    "token": ("dateline.cli.readers", "token"),
    "site": ("dateline.cli.site", "site"),
    "extract": ("dateline.cli.extract", "extract"),
    "reextract": ("dateline.cli.reextract", "reextract"),
    "import": ("dateline.cli.imports", "import_"),
    "export": ("dateline.cli.export", "export"),
    "captures": ("dateline.cli.captures", "captures"),
    "forget": ("dateline.cli.forget", "forget"),
    "status": ("dateline.cli.status", "status"),
    "doctor": ("dateline.cli.doctor", "doctor"),
    "db": ("dateline.cli.archive", "db"),
}
_HELP = {
    "init": "Make an archive in a folder.",
    "add": "Follow a news site: find its feeds and sitemaps.",
    "sources": "List what is followed.",
    "crawl": "Fetch what is new.",
    "backfill": "Fetch the past of a source.",
    "run": "Crawl every source when it is due, on and on or once.",
    "worker": "The same with several processes, on several machines.",
    "alert": "Tell somebody of new matches, or of trouble.",
    "install-service": "Have the system run it.",
    "search": "Find articles.",
    "show": "Show one item whole.",
    "who": "Show a person, organisation or term, and the articles that name it.",
    "related": "List what an item is linked with, two steps far.",
    "serve": "Serve the reading room and the HTTP API.",
    "user": "Say who may log in to the reading room.",
    "token": "Look after the tokens of the HTTP API.",
    "site": "Write and test the file of a site.",
    "extract": "Make an article of a page, without an archive.",
    "reextract": "Read kept pages again with today's extractor.",
    "import": "Import WARC, WACZ, saved pages, lists of URLs, OPML.",
    "export": "Write what is found in the formats of other tools.",
    "captures": "Look after the captured pages.",
    "forget": "Erase an item or a source by request, for good.",
    "status": "Say how the archive and its crawls are.",
    "doctor": "Look whether everything is as it should be.",
    "db": "Look after the database.",
}


class _Verbs(click.Group):
    """Lists verbs without importing them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _VERBS:
            return None
        module, name = _VERBS[cmd_name]
        command: click.Command = getattr(importlib.import_module(module), name)
        return command

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        if args and args[0] not in _VERBS and not args[0].startswith("-"):
            import difflib

            near = difflib.get_close_matches(args[0], _VERBS, n=1)
            hint = f"; did you mean `{near[0]}`?" if near else "; `dateline --help` lists the verbs"
            ctx.fail(f"no such verb: {args[0]!r}{hint}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Verbs"):
            formatter.write_dl(list(_HELP.items()))


@click.group(cls=_Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--archive", "-C", metavar="DIR", help="The archive's folder "
              "(default: $DATELINE_ARCHIVE, or the nearest one upwards from here).")  # fmt: skip
@click.option("--database", metavar="URL", help="Another database than the folder's "
              "(default: $DATELINE_DATABASE).")  # fmt: skip
@click.option("-v", "--verbose", count=True, help="Log more to stderr (-vv: everything).")
@click.option("--log-json", is_flag=True, help="Logs as JSON, a line each.")
@click.version_option(VERSION, prog_name="dateline")
@click.pass_context
def cli(
    ctx: click.Context, archive: str | None, database: str | None, verbose: int, log_json: bool
) -> None:
    """Dateline follows news sites and keeps every article, clean, once, and findable."""
    configure_logs(verbose, as_json=log_json)
    ctx.obj = {
        "archive": archive, "database": database, "verbose": verbose, "log_json": log_json,
    }  # fmt: skip


def main() -> None:
    """Run the command line; errors are one line on stderr and an exit code."""
    from storage.errors import ArchiveError

    try:
        # https://no-color.org: set and not empty. None lets click look for a terminal.
        code = cli.main(standalone_mode=False, color=False if os.environ.get("NO_COLOR") else None)
        sys.exit(code if isinstance(code, int) else 0)
    except click.exceptions.Exit as error:
        sys.exit(error.exit_code)
    except click.Abort:
        _end_interrupted()
    except click.UsageError as error:
        if error.ctx is not None:
            click.echo(error.ctx.get_usage(), err=True)
        say(error.format_message())
        sys.exit(ExitCode.USAGE)
    except click.ClickException as error:
        say(error.format_message())
        sys.exit(ExitCode.FAILED)
    except ArchiveError as error:
        say(str(error))
        sys.exit(ExitCode.FAILED)
    except BrokenPipeError:
        # The reader of our output has seen enough.
        sys.stderr.close()
        sys.exit(0)
    except KeyboardInterrupt:
        _end_interrupted()
    finally:
        # The interpreter would look for cycles in all that was imported, to free what goes with the
        # process anyway: a fifth of the time of `dateline search`.
        gc.freeze()


def _end_interrupted() -> NoReturn:
    """End at once and say nothing: a person who presses Ctrl-C knows why.

    Threads that still work are not waited for; what they write is written whole or not at all.
    """
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(ExitCode.INTERRUPTED)
