"""The command line. Each command is imported when it runs, so that ``search`` starts fast."""

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

# Command: (module, function).
_COMMANDS = {
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
    "init": "Create an archive in a directory.",
    "add": "Add a news site as a source: find its feeds and sitemaps.",
    "sources": "List the sources, or change their settings.",
    "crawl": "Fetch new and changed articles.",
    "backfill": "Fetch the older articles of a source, or list backfills.",
    "run": "Crawl each source when it is due, continuously or once.",
    "worker": "Run several crawl processes, also on several machines.",
    "alert": "Send alerts: new matches of a search, or alarms.",
    "install-service": "Install a systemd service for `dateline run`.",
    "search": "Search articles.",
    "show": "Show an article or directory entry.",
    "who": "Show a directory entry and the articles that mention it.",
    "related": "List items linked to an item, up to two steps away.",
    "serve": "Start the reading room and the HTTP API.",
    "user": "Manage the user accounts of the reading room.",
    "token": "Manage the tokens of the HTTP API.",
    "site": "Create and test a site file.",
    "extract": "Extract an article from a page, without an archive.",
    "reextract": "Run the current extractor over the stored captures.",
    "import": "Import WARC, WACZ, saved pages, URL lists and OPML.",
    "export": "Export articles, captures or sources to a file.",
    "captures": "Verify, repair, prune, repack and count captures.",
    "forget": "Erase items or a source permanently (takedown).",
    "status": "Show the status of the archive and its sources.",
    "doctor": "Check the database, disk, captures, clock and sources.",
    "db": "Manage the database: upgrade, check, back up, restore.",
}


class _LazyGroup(click.Group):
    """Lists the commands without importing them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module, name = _COMMANDS[cmd_name]
        command: click.Command = getattr(importlib.import_module(module), name)
        return command

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        if args and args[0] not in _COMMANDS and not args[0].startswith("-"):
            import difflib

            near = difflib.get_close_matches(args[0], _COMMANDS, n=1)
            hint = f'Did you mean "{near[0]}"?' if near else "List the commands: dateline --help"
            ctx.fail(f'No such command "{args[0]}". {hint}')
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(_HELP.items()))


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--archive",
    "-C",
    metavar="DIR",
    help="Directory of the archive "
    "(default: $DATELINE_ARCHIVE, else an archive in the current directory or its nearest "
    "parent).",
)
@click.option(
    "--database",
    metavar="URL",
    help="Database URL (default: $DATELINE_DATABASE, else the archive's own).",
)
@click.option(
    "-v", "--verbose", count=True, help="Write more log messages to stderr; -vv writes all."
)
@click.option("--log-json", is_flag=True, help="Write the log as JSON, one object per line.")
@click.version_option(VERSION, prog_name="dateline")
@click.pass_context
def cli(
    ctx: click.Context, archive: str | None, database: str | None, verbose: int, log_json: bool
) -> None:
    """Crawl news sites into an archive, and search it."""
    configure_logs(verbose, as_json=log_json)
    ctx.obj = {
        "archive": archive,
        "database": database,
        "verbose": verbose,
        "log_json": log_json,
    }


def main() -> None:
    """Run the command line. Errors are one line on stderr and an exit code."""
    from storage.errors import ArchiveError

    try:
        # https://no-color.org: set and not empty. None: click detects a terminal.
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
        # The reader of our output, such as `head`, has closed the pipe.
        sys.stderr.close()
        sys.exit(0)
    except KeyboardInterrupt:
        _end_interrupted()
    finally:
        # Skips the last garbage collection, which takes a fifth of the time of `dateline search`;
        # the memory is freed with the process.
        gc.freeze()


def _end_interrupted() -> NoReturn:
    """Exit without a message after Ctrl-C.

    Does not wait for threads: their writes are transactions, so they are complete or absent.
    """
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(ExitCode.INTERRUPTED)
