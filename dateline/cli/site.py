"""``site``: write and test the file of a site, in a checkout."""

from __future__ import annotations

import gzip
import json
import keyword
import re
from pathlib import Path
from typing import Any

import click

from dateline.cli.options import ExitCode, say

_SHOWN = 300

TEMPLATE = '''"""{title}: what its pages do their own way."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from crawler.sites.base import Site

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class {class_name}(Site):
    """{domain}."""

    domains: ClassVar[tuple[str, ...]] = ("{domain}",)
    timezone: ClassVar[str | None] = None  # such as "Europe/Paris"
    # Selectors by field, where the generic extraction is wrong; the others keep what it finds:
    # {fields}.
    fields: ClassVar[Mapping[str, str]] = {{}}
    # What is no part of any article, such as ".newsletter".
    remove: ClassVar[Sequence[str]] = ()
    # The boxes that hold the text, where the model does not find it, such as ".article-body".
    text: ClassVar[str] = ""
'''


def _checkout() -> Path:
    import crawler

    root = Path(crawler.__file__).resolve().parent.parent
    if not (root / "tests").is_dir() or not (root / "pyproject.toml").is_file():
        raise click.ClickException(
            "site files are written in a checkout of Dateline; clone it and run this there"
        )
    return root


@click.group()
def site() -> None:
    """Write and test the file of a site: crawler/sites/NAME.py and its fixtures."""


@site.command()
@click.argument("urls", nargs=-1, required=True, metavar="URL...")
@click.option("--name", help="The file's name (default: from the address).")
@click.pass_context
def new(ctx: click.Context, urls: tuple[str, ...], name: str | None) -> None:
    """Write a site's file, and a fixture of each page at URL.

    Look at the fixtures' JSON, say in the file what is wrong, and run `dateline site test`.
    """
    from storage.text.urls import host_of, is_web_url

    for url in urls:
        if not is_web_url(url):
            raise click.UsageError(f"{url!r} is no web address; write e.g. https://a.example/story")
    hosts = {host_of(url).removeprefix("www.") for url in urls}
    if len(hosts) > 1:
        raise click.UsageError(f"pages of one site, please: {', '.join(sorted(hosts))} are several")
    domain = hosts.pop()
    name = name or re.sub(r"\W+", "_", domain.rpartition(".")[0] or domain).strip("_").lower()
    if not name.isidentifier() or keyword.iskeyword(name):
        raise click.UsageError(f"--name {name!r}: use letters, digits and underscores")
    root = _checkout()
    pages = _pages(ctx, urls)
    file = root / "crawler" / "sites" / f"{name}.py"
    if file.exists():
        say(f"{file.relative_to(root)} is there already; only fixtures are added")
    else:
        from crawler.sites.base import FIELDS

        class_name = "".join(part.capitalize() for part in name.split("_")) or "ThisSite"
        file.write_text(
            TEMPLATE.format(title=domain, class_name=class_name, domain=domain,
                            fields=", ".join(FIELDS)), encoding="utf-8",
        )  # fmt: skip
        click.echo(f"wrote {file.relative_to(root)}")
    _write_fixtures(root, name, pages)
    click.echo(f"Next: read the JSON, mend the file, `dateline site test {name}`")


def _pages(ctx: click.Context, urls: tuple[str, ...]) -> list[tuple[str, bytes]]:
    from crawler.runner.oneshot import fetch_pages
    from storage import locate

    found = fetch_pages(locate(ctx.obj["archive"], ctx.obj["database"]), urls)
    pages = []
    for url, page in zip(urls, found, strict=True):
        if isinstance(page, str):
            raise click.ClickException(f"{url}: {page}; nothing was written")
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
            raise click.ClickException(f"{error}; it can be no fixture") from error
        path.with_suffix(".html.gz").write_bytes(gzip.compress(body, 9, mtime=0))
        write(path, url, found)
        click.echo(f"wrote {path.relative_to(root)}: {found['page']}, "
                   f"{found.get('headline') or found.get('name') or 'no headline'}")  # fmt: skip


@site.command("test")
@click.argument("name", required=False, metavar="[SITE]")
@click.option("--accept", is_flag=True, help="Take what is found now for what is expected.")
@click.pass_context
def check(ctx: click.Context, name: str | None, accept: bool) -> None:
    """Compare SITE's (default: all sites') fixtures field by field with what is found now."""
    from crawler.sites.fixtures import fixtures

    root = _checkout()
    found = list(fixtures(root / "tests" / "sites", name))
    if not found:
        raise click.ClickException(
            f"no fixtures of {name or 'any site'} in tests/sites; `dateline site new` makes some"
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
        say(f"{changed} of {len(found)} fixtures differ; mend the site's file, or --accept them")
        ctx.exit(ExitCode.FAILED)


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
