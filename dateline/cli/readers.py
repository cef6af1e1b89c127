"""``user`` and ``token``: who may read."""

from __future__ import annotations

import sys
from typing import Any

import click

from dateline.cli.options import local, opened, put_json, say, table


@click.group()
def user() -> None:
    """Say who may log in to the reading room."""


@user.command(name="add")
@click.argument("name")
@click.pass_context
def add_user(ctx: click.Context, name: str) -> None:
    """Let NAME log in; the password is asked for, or read from stdin."""
    from storage import utc_now
    from storage.users import accounts

    hashed = _new_password()
    with opened(ctx) as archive:
        accounts.add_user(archive, name, hashed, utc_now())
    say(f"{name} may log in")


@user.command()
@click.argument("name")
@click.pass_context
def password(ctx: click.Context, name: str) -> None:
    """Give NAME another password; sessions begun with the old one end."""
    from storage.users import accounts

    hashed = _new_password()
    with opened(ctx) as archive:
        accounts.set_password(archive, name, hashed)
    say(f"the password of {name} was changed")


@user.command(name="list")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.pass_context
def list_users(ctx: click.Context, as_json: bool) -> None:
    """List the users."""
    from storage.users import accounts

    with opened(ctx) as archive:
        found = accounts.users(archive)
    if as_json:
        put_json([{"name": u.name, "created_at": u.created_at.isoformat()} for u in found])
    elif found:
        table([(u.name, local(u.created_at)) for u in found], ("NAME", "SINCE"))
    else:
        say("nobody has an account; the reading room is open to this machine only")


@user.command(name="remove")
@click.argument("name")
@click.pass_context
def remove_user(ctx: click.Context, name: str) -> None:
    """Let NAME log in no more."""
    from storage.users import accounts

    with opened(ctx) as archive:
        accounts.remove_user(archive, name)
    say(f"{name} may log in no more")


def _new_password() -> str:
    """A hashed password, asked for twice on a terminal, else read from stdin."""
    from dateline.web.sessions import MIN_PASSWORD, hashed

    if sys.stdin.isatty():
        given = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    else:
        given = sys.stdin.readline().rstrip("\n")
    if len(given) < MIN_PASSWORD:
        raise click.ClickException(f"a password has at least {MIN_PASSWORD} characters")
    return hashed(given)


@click.group()
def token() -> None:
    """Look after the tokens of the HTTP API."""


@token.command(name="add")
@click.argument("name")
@click.option("--write", is_flag=True, help="It may change saved searches and dossiers too.")
@click.pass_context
def add_token(ctx: click.Context, name: str, write: bool) -> None:
    """Make a token for NAME, what it is for; it is printed once and kept nowhere."""
    from storage import utc_now
    from storage.users import accounts

    with opened(ctx) as archive:
        click.echo(accounts.add_token(archive, name, "write" if write else "read", utc_now()))


@token.command(name="list")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.pass_context
def list_tokens(ctx: click.Context, as_json: bool) -> None:
    """List the tokens, without what opens."""
    from storage.users import accounts

    with opened(ctx) as archive:
        found = accounts.tokens(archive)
    if as_json:
        put_json([
            {"id": t.id, "name": t.name, "scope": t.scope, "created_at": t.created_at.isoformat(),
             "used_at": _iso(t.used_at), "revoked_at": _iso(t.revoked_at)} for t in found
        ])  # fmt: skip
        return
    if not found:
        say("there is no token; `dateline token add NAME` makes one")
        return
    rows = [
        (str(t.id), t.name, t.scope, local(t.created_at),
         "revoked" if t.revoked_at else local(t.used_at)) for t in found
    ]  # fmt: skip
    table(rows, ("ID", "NAME", "SCOPE", "MADE", "USED"))


def _iso(value: Any) -> str | None:
    return value.isoformat() if value else None


@token.command()
@click.argument("number", type=int)
@click.pass_context
def revoke(ctx: click.Context, number: int) -> None:
    """Let token NUMBER open nothing more."""
    from storage import utc_now
    from storage.users import accounts

    with opened(ctx) as archive:
        accounts.revoke_token(archive, number, utc_now())
    say(f"token {number} opens nothing more")
