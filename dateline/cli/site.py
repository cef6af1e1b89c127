"""``site``: create and test site files, in a checkout."""

from __future__ import annotations

import gzip
import json
import keyword
import re
from pathlib import Path
from typing import Any

import click

from dateline.cli.options import ExitCode, plural, say

_SHOWN = 300

TEMPLATE = '''"""Site file of {title}."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from crawler.sites.base import Site

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class {class_name}(Site):
    """{domain}."""

    domains: ClassVar[tuple[str, ...]] = ("{domain}",)
    timezone: ClassVar[str | None] = None  # such as "Europe/Paris"
    # CSS selectors of the fields that the generic extraction gets wrong. Fields:
    # {fields}.
    fields: ClassVar[Mapping[str, str]] = {{}}
    # Elements that are not part of an article, such as ".newsletter".
    remove: ClassVar[Sequence[str]] = ()
    # Elements with the text, if the model does not find it, such as ".article-body".
    text: ClassVar[str] = ""
'''


def _checkout() -> Path:
    import crawler

    root = Path(crawler.__file__).resolve().parent.parent
    if not (root / "tests").is_dir() or not (root / "pyproject.toml").is_file():
        raise click.ClickException(
            "Site files are part of a checkout of Dateline. Clone the repository and run "
            "this command there."
        )
    return root


@click.group()
def site() -> None:
    """Create and test a site file: crawler/sites/NAME.py and its fixtures."""


@site.command()
@click.argument("urls", nargs=-1, required=True, metavar="URL...")
@click.option("--name", help="Name of the file (default: from the URL).")
@click.pass_context
def new(ctx: click.Context, urls: tuple[str, ...], name: str | None) -> None:
    """Create a site file, and a fixture for each URL.

    Read the JSON of the fixtures, correct the site file, then run `dateline site test`.
    """
    from storage.text.urls import host_of, is_web_url

    for url in urls:
        if not is_web_url(url):
            raise click.UsageError(
                f"{url!r} is not a web address. Example: https://news.example/story"
            )
    hosts = {host_of(url).removeprefix("www.") for url in urls}
    if len(hosts) > 1:
        raise click.UsageError(
            f"The URLs belong to several sites: {', '.join(sorted(hosts))}. Give the pages "
            f"of one site."
        )
    domain = hosts.pop()
    name = name or re.sub(r"\W+", "_", domain.rpartition(".")[0] or domain).strip("_").lower()
    if not name.isidentifier() or keyword.iskeyword(name):
        raise click.UsageError(
            f"--name {name!r} is not valid. Use letters, digits and underscores."
        )
    root = _checkout()
    pages = _pages(ctx, urls)
    file = root / "crawler" / "sites" / f"{name}.py"
    if file.exists():
        say(f"{file.relative_to(root)} exists already; only fixtures are added")
    else:
        from crawler.sites.base import FIELDS

        class_name = "".join(part.capitalize() for part in name.split("_")) or "ThisSite"
        file.write_text(
            TEMPLATE.format(
                title=domain, class_name=class_name, domain=domain, fields=", ".join(FIELDS)
            ),
            encoding="utf-8",
        )
        click.echo(f"wrote {file.relative_to(root)}")
    _write_fixtures(root, name, pages)
    click.echo(f"Next: read the JSON, correct the file, run `dateline site test {name}`")


def _pages(ctx: click.Context, urls: tuple[str, ...]) -> list[tuple[str, bytes]]:
    from crawler.runner.oneshot import fetch_pages
    from storage import locate

    found = fetch_pages(locate(ctx.obj["archive"], ctx.obj["database"]), urls)
    pages = []
    for url, page in zip(urls, found, strict=True):
        if isinstance(page, str):
            raise click.ClickException(f"{url}: {page}. No file was written.")
        pages.append((url, page.body))
    return pages


def _write_fixtures(root: Path, name: str, pages: list[tuple[str, bytes]]) -> None:
    from crawler.extraction.article import Known
    from crawler.extraction.page.parse import BadPage
    from crawler.sites.fixtures import record, write
    from crawler.sites.registry import extract_for_site

    folder = root / "tests" / "sites" / name
    folder.mkdir(parents=True, exist_ok=True)
    for url, body in pages:
        slug = re.sub(r"\W+", "-", url.partition("://")[2].partition("/")[2]).strip("-")[-60:]
        path = folder / f"{slug.strip('-') or 'page'}.json"
        try:
            found = record(extract_for_site(body, url, "", Known()))
        except BadPage as error:
            raise click.ClickException(f"cannot make a fixture: {error}") from error
        path.with_suffix(".html.gz").write_bytes(gzip.compress(body, 9, mtime=0))
        write(path, url, found)
        click.echo(
            f"wrote {path.relative_to(root)}: {found['page']}, "
            f"{found.get('headline') or found.get('name') or 'no headline'}"
        )


@site.command("test")
@click.argument("name", required=False, metavar="[SITE]")
@click.option("--accept", is_flag=True, help="Store the current results as the expected ones.")
@click.pass_context
def check(ctx: click.Context, name: str | None, accept: bool) -> None:
    """Compare fixtures with the current extraction.

    SITE selects the fixtures of one site (default: all sites).
    """
    from crawler.sites.fixtures import fixtures

    root = _checkout()
    found = list(fixtures(root / "tests" / "sites", name))
    if not found:
        raise click.ClickException(
            f"tests/sites has no fixtures of {name or 'any site'}. Create them: dateline "
            f"site new URL..."
        )
    changed = 0
    for fixture in found:
        differences = fixture.differences()
        changed += bool(differences)
        mark = click.style("changed", fg="yellow") if differences else click.style("ok", fg="green")
        click.echo(f"{fixture.name}: {mark}")
        for field, expected, now in differences:
            click.secho(f"  {field}", bold=True)
            click.secho(f"    - {_short(expected)}", fg="red")
            click.secho(f"    + {_short(now)}", fg="green")
        if accept and differences:
            fixture.accept()
    if changed and not accept:
        say(
            f"{changed} of {plural(len(found), 'fixture')} differ. Correct the site file, "
            f"or accept the results: --accept"
        )
        ctx.exit(ExitCode.FAILED)


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
