"""``serve``: the reading room and the HTTP API."""

from __future__ import annotations

import socket

import click

from dateline.cli.options import opened, say

# Connections that wait until the server takes them.
_BACKLOG = 2048
_LOCAL = ("127.0.0.1", "localhost", "::1")


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True,
              help="Where to listen; beyond this machine it needs a user.")  # fmt: skip
@click.option("--port", type=click.IntRange(0, 65535), default=8321, show_default=True,
              help="The port; 0 takes a free one.")  # fmt: skip
@click.option("--name", "names", multiple=True, metavar="HOST",
              help="A name under which it is reached: archive.example.org.")  # fmt: skip
@click.option("--https", is_flag=True, help="A proxy in front of it speaks HTTPS.")
@click.pass_context
def serve(ctx: click.Context, host: str, port: int, names: tuple[str, ...], https: bool) -> None:
    """Serve the reading room and the HTTP API. Ctrl-C ends it."""
    from storage.users import accounts

    with opened(ctx) as archive:
        if host not in _LOCAL and not accounts.has_users(archive):
            raise click.ClickException(
                f"whoever reaches {host} could read and change the archive; "
                "make a user first: `dateline user add NAME`"
            )
        listening = _listening(host, port)
        shown = f"[{host}]" if ":" in host else host
        address = f"http://{shown}:{listening.getsockname()[1]}/"
        # 0.0.0.0 is no name that a browser asks for: any name is let in then, a user must log in.
        served = () if host in ("0.0.0.0", "::") and not names else (host, *_LOCAL, *names)  # noqa: S104
        say(f"the reading room is at {address} (Ctrl-C ends it)")
        import uvicorn

        from dateline.web.app import create_app

        config = uvicorn.Config(
            create_app(archive, names=served, secure=https), log_level="warning",
            server_header=False, proxy_headers=https, lifespan="off", timeout_keep_alive=30,
        )  # fmt: skip
        uvicorn.Server(config).run(sockets=[listening])


def _listening(host: str, port: int) -> socket.socket:
    """A socket that listens there, or one line on why not."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(_BACKLOG)
    except OSError as error:
        listening.close()
        raise click.ClickException(
            f"cannot listen on {host}:{port}: {error.strerror}; name another with --port"
        ) from error
    return listening
