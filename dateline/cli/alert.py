"""``alert``: send alerts by e-mail or webhook."""

from __future__ import annotations

import re
from uuid import uuid4

import click

from dateline.cli.options import ExitCode, local, opened, plural, put_json, say, table


@click.group()
def alert() -> None:
    """Send alerts by e-mail or webhook: new matches of a search, or alarms."""


@alert.command()
@click.argument("search", required=False)
@click.option(
    "--to", "target", required=True, metavar="TARGET", help="E-mail address, or URL of a webhook."
)
@click.option(
    "--every",
    default="1h",
    show_default=True,
    help="Minimum time between two messages: 15m, 1h, 1d, 1w.",
)
@click.option(
    "--alarms",
    is_flag=True,
    help="Send the alarms of all sources instead: silent, "
    "lost-field, walls, errors, unreachable, gap.",
)
@click.pass_context
def add(ctx: click.Context, search: str | None, target: str, every: str, alarms: bool) -> None:
    """Create an alert: send new articles that match SEARCH to TARGET.

    SEARCH is a query or the name of a saved search. `dateline run` sends the messages; without
    it, run `dateline alert send` from cron.
    """
    from dateline.alerts import shown_secret
    from storage import utc_now
    from storage.users import alerts, saved_searches

    if alarms == (search is not None):
        raise click.UsageError("Give a SEARCH, or --alarms.")
    minutes = _minutes(every)
    with opened(ctx) as archive:
        number = None
        if search is not None:
            held = [one.id for one in saved_searches.list_searches(archive) if one.name == search]
            alerts.normalize_target(target)
            number = (
                held[0] if held else saved_searches.save_search(archive, search, search, utc_now())
            )
        one = alerts.add_alert(archive, number, target, minutes, utc_now())
    say(f"alert {one.id} created: messages go to {one.target}")
    if not one.target.startswith("mailto:"):
        say(f"secret of the webhook signatures: {shown_secret(one.secret)}")


def _minutes(text: str) -> int:
    match = re.fullmatch(r"(\d{1,4})([mhdw])", text)
    if match is None:
        raise click.UsageError(f"--every {text!r} is not valid. Examples: 15m, 1h, 1d, 1w")
    return int(match[1]) * {"m": 1, "h": 60, "d": 1440, "w": 10_080}[match[2]]


@alert.command(name="list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def list_alerts(ctx: click.Context, as_json: bool) -> None:
    """List the alerts and the state of their messages."""
    from storage.text.normalize import strip_credentials
    from storage.users import alerts

    with opened(ctx) as archive:
        found = alerts.list_alerts(archive)
    if as_json:
        put_json(
            [
                {
                    "id": one.id,
                    "search": one.search,
                    "query": one.query,
                    "to": strip_credentials(one.target),
                    "every_minutes": one.every_minutes,
                    "sent": one.told,
                    "pending": one.waiting,
                    "last_sent_at": one.last_sent_at and one.last_sent_at.isoformat(),
                    "last_error": one.last_error,
                }
                for one in found
            ]
        )
    elif not found:
        say('No alerts yet. Create one: dateline alert add "QUERY" --to you@example.org')
    else:
        table(
            [
                (
                    str(one.id),
                    str(one.told),
                    str(one.waiting),
                    local(one.last_sent_at),
                    one.search or "(alarms)",
                    strip_credentials(one.target),
                )
                for one in found
            ],
            ("ID", "SENT", "PENDING", "LAST SENT", "SEARCH", "TO"),
        )
        for one in found:
            if one.last_error:
                say(f"alert {one.id}: {one.last_error}")


@alert.command()
@click.argument("number", type=int)
@click.pass_context
def remove(ctx: click.Context, number: int) -> None:
    """Delete an alert."""
    from storage.users import alerts

    with opened(ctx) as archive:
        alerts.remove_alert(archive, number)
    say(f"alert {number} deleted")


@alert.command()
@click.pass_context
def send(ctx: click.Context) -> None:
    """Find new matches now and send the pending messages."""
    from dateline.alerts import send_due

    with opened(ctx) as archive:
        done = send_due(archive)
    say(
        f"{plural(done.sent, 'message')} sent"
        + (f", {done.failed} failed and will be retried" if done.failed else "")
    )
    if done.failed:
        ctx.exit(ExitCode.PARTLY)


@alert.command()
@click.argument("number", type=int)
@click.pass_context
def test(ctx: click.Context, number: int) -> None:
    """Send a test message to the target of an alert."""
    from dateline.alerts import NotSent
    from dateline.alerts import send as deliver
    from storage.text.normalize import strip_credentials
    from storage.users import alerts

    with opened(ctx) as archive:
        one = next((w for w in alerts.list_alerts(archive) if w.id == number), None)
        if one is None:
            raise alerts.UnknownAlert(
                f"there is no alert {number}", "list the alerts: dateline alert list"
            )
        message = alerts.Message(0, str(uuid4()), one.target, one.secret, {"kind": "test"}, 0)
        try:
            deliver(archive, message)
        except NotSent as error:
            raise click.ClickException(
                strip_credentials(f"cannot send to {one.target}: {error}")
            ) from error
    say(f"test message sent to {one.target}")
