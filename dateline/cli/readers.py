"""``user`` and ``token``: manage accounts and API tokens."""

from __future__ import annotations

import sys
from typing import Any

import click

from dateline.cli.options import local, opened, put_json, say, table


@click.group()
def user() -> None:
    """Manage the user accounts of the reading room."""


@user.command(name="add")
@click.argument("name")
@click.pass_context
def add_user(ctx: click.Context, name: str) -> None:
    """Add the user account NAME. The password is prompted for, or read from stdin."""
    from storage import utc_now
    from storage.users import accounts

    hashed = _new_password()
    with opened(ctx) as archive:
        accounts.add_user(archive, name, hashed, utc_now())
    say(f"user {name} added")


@user.command()
@click.argument("name")
@click.pass_context
def password(ctx: click.Context, name: str) -> None:
    """Change the password of NAME and end the account's sessions."""
    from storage.users import accounts

    hashed = _new_password()
    with opened(ctx) as archive:
        accounts.set_password(archive, name, hashed)
    say(f"password of {name} changed")


@user.command(name="list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def list_users(ctx: click.Context, as_json: bool) -> None:
    """List the user accounts."""
    from storage.users import accounts

    with opened(ctx) as archive:
        found = accounts.list_users(archive)
    if as_json:
        put_json([{"name": u.name, "created_at": u.created_at.isoformat()} for u in found])
    elif found:
        table([(u.name, local(u.created_at)) for u in found], ("NAME", "CREATED"))
    else:
        say(
            "No user accounts: the reading room is open on this machine only. "
            "Add one: dateline user add NAME"
        )


@user.command(name="remove")
@click.argument("name")
@click.pass_context
def remove_user(ctx: click.Context, name: str) -> None:
    """Remove the user account NAME."""
    from storage.users import accounts

    with opened(ctx) as archive:
        accounts.remove_user(archive, name)
    say(f"user {name} removed")


def _new_password() -> str:
    """Prompt twice for a password on a terminal, else read it from stdin; return its hash."""
    from dateline.web.sessions import MIN_PASSWORD, hashed

    if sys.stdin.isatty():
        given = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    else:
        given = sys.stdin.readline().rstrip("\n")
    if len(given) < MIN_PASSWORD:
        raise click.ClickException(
            f"The password is too short. Use at least {MIN_PASSWORD} characters."
        )
    return hashed(given)


@click.group()
def token() -> None:
    """Manage the tokens of the HTTP API."""


@token.command(name="add")
@click.argument("name")
@click.option(
    "--write", is_flag=True, help="Allow the token to change saved searches and dossiers."
)
@click.pass_context
def add_token(ctx: click.Context, name: str, write: bool) -> None:
    """Create a token. NAME describes its use. The token is printed once and not stored."""
    from storage import utc_now
    from storage.users import accounts

    with opened(ctx) as archive:
        click.echo(accounts.add_token(archive, name, "write" if write else "read", utc_now()))


@token.command(name="list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def list_tokens(ctx: click.Context, as_json: bool) -> None:
    """List the tokens (their values are not stored)."""
    from storage.users import accounts

    with opened(ctx) as archive:
        found = accounts.list_tokens(archive)
    if as_json:
        put_json(
            [
                {
                    "id": t.id,
                    "name": t.name,
                    "scope": t.scope,
                    "created_at": t.created_at.isoformat(),
                    "used_at": _iso(t.used_at),
                    "revoked_at": _iso(t.revoked_at),
                }
                for t in found
            ]
        )
        return
    if not found:
        say("No tokens yet. Create one: dateline token add NAME")
        return
    rows = [
        (
            str(t.id),
            t.name,
            t.scope,
            local(t.created_at),
            "revoked" if t.revoked_at else local(t.used_at),
        )
        for t in found
    ]
    table(rows, ("ID", "NAME", "SCOPE", "CREATED", "LAST USED"))


def _iso(value: Any) -> str | None:
    return value.isoformat() if value else None


@token.command()
@click.argument("number", type=int)
@click.pass_context
def revoke(ctx: click.Context, number: int) -> None:
    """Revoke the token NUMBER."""
    from storage import utc_now
    from storage.users import accounts

    with opened(ctx) as archive:
        accounts.revoke_token(archive, number, utc_now())
    say(f"token {number} revoked")
