"""``serve``: start the reading room and the HTTP API."""

from __future__ import annotations

import socket

import click

from dateline.cli.options import opened, say

# Maximum number of connections that wait to be accepted.
_BACKLOG = 2048
_LOCAL = ("127.0.0.1", "localhost", "::1")


@click.command()
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="Host to listen on; other than local hosts require a user.",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8321,
    show_default=True,
    help="Port; 0 selects a free port.",
)
@click.option(
    "--allowed-host",
    "names",
    multiple=True,
    metavar="HOST",
    help="Accept requests for this host, e.g. archive.example.org.",
)
@click.option("--https", is_flag=True, help="A proxy in front of the server uses HTTPS.")
@click.pass_context
def serve(ctx: click.Context, host: str, port: int, names: tuple[str, ...], https: bool) -> None:
    """Start the reading room and the HTTP API. Stop with Ctrl-C."""
    from storage.users import accounts

    with opened(ctx) as archive:
        if host not in _LOCAL and not accounts.has_users(archive):
            raise click.ClickException(
                f"Refusing to listen on {host} without user accounts. "
                "Add one: dateline user add NAME"
            )
        listening = _listening(host, port)
        shown = f"[{host}]" if ":" in host else host
        address = f"http://{shown}:{listening.getsockname()[1]}/"
        # Browsers do not request 0.0.0.0: then any host is allowed, and users must log in.
        served = () if host in ("0.0.0.0", "::") and not names else (host, *_LOCAL, *names)  # noqa: S104
        say(f"reading room: {address} (stop with Ctrl-C)")
        import uvicorn

        from dateline.web.app import create_app

        config = uvicorn.Config(
            create_app(archive, names=served, secure=https),
            log_level="warning",
            server_header=False,
            proxy_headers=https,
            lifespan="off",
            timeout_keep_alive=30,
        )
        uvicorn.Server(config).run(sockets=[listening])


def _listening(host: str, port: int) -> socket.socket:
    """Return a listening socket, or fail with one line."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(_BACKLOG)
    except OSError as error:
        listening.close()
        raise click.ClickException(
            f"cannot listen on {host}:{port}: {error.strerror}; choose another port with --port"
        ) from error
    return listening
