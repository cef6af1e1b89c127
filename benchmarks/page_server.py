"""Serves pages as several sites, compressed: by nginx where it is installed, else by ourselves.

Each site has its own loopback IP address (127.0.0.2 and up; Linux answers on all of 127.0.0.0/8),
a home page, robots.txt and a sitemap. Pages are compressed before, so that the server takes next
to no CPU of what is measured.
"""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from dateline.demo.responses import ResponseVariants

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_TYPES = {"html": "text/html", "xml": "application/xml", "txt": "text/plain"}
_TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
_STARTUP_SECONDS = 20


def write_pages(folder: Path, pages: Iterable[bytes]) -> tuple[int, int]:
    """Write all pages compressed; returns their mean size in bytes, plain and as sent."""
    (folder / "news").mkdir()
    folder.chmod(0o755)  # nginx's worker may be another user
    plain = sent = count = 0
    for page in pages:
        coded = gzip.compress(page, 6)
        (folder / "news" / f"{_name(count)}.gz").write_bytes(coded)
        plain, sent, count = plain + len(page), sent + len(coded), count + 1
    return plain // count, sent // count


def _name(number: int) -> str:
    return f"story-{number}-with-a-headline-of-its-own.html"


class Sites:
    """``count`` sites that share the pages of ``folder``; ``urls`` are those of the pages."""

    def __init__(self, folder: Path, count: int, pages: int) -> None:
        self.folder = folder
        self.port = _free_port()
        self.hosts = [f"127.0.0.{number + 2}" for number in range(count)]
        self.homes = [f"http://{host}:{self.port}/" for host in self.hosts]
        self.urls = [f"{self.homes[n % count]}news/{_name(n)}" for n in range(pages)]
        self.roots = [folder / f"{count}-sites" / host for host in self.hosts]
        for root, home in zip(self.roots, self.homes, strict=True):
            self._write_site(root, home)

    def _write_site(self, root: Path, home: str) -> None:
        root.mkdir(parents=True)
        name = f"Paper {root.name.rpartition('.')[2]}"
        locs = "".join(f"<url><loc>{u}</loc></url>" for u in self.urls if u.startswith(home))
        files = {
            "robots.txt": f"User-agent: *\nDisallow: /private/\nSitemap: {home}sitemap.xml\n",
            "index.html": f"<!doctype html><html lang=en><title>{name}</title><h1>{name}</h1>",
            "sitemap.xml": '<?xml version="1.0" encoding="UTF-8"?><urlset xmlns='
            f'"http://www.sitemaps.org/schemas/sitemap/0.9">{locs}</urlset>',
        }
        for file, text in files.items():
            # nginx looks for the plain index file before it sends the compressed one.
            (root / file).write_text(text)
            (root / f"{file}.gz").write_bytes(gzip.compress(text.encode()))

    @contextlib.contextmanager
    def served(self) -> Iterator[str]:
        """Serve the sites in another process; yields the server's name."""
        nginx = shutil.which("nginx")
        name = "nginx" if nginx else "a server of our own"
        with (self.folder / "server.log").open("w") as log:
            command = [nginx, "-c", str(self._nginx_settings())] if nginx else self._own_command()
            server = subprocess.Popen(command, stdout=log, stderr=log)
            try:
                self._wait(server)
                yield name
            finally:
                server.terminate()
                server.wait()

    def _wait(self, server: subprocess.Popen[bytes]) -> None:
        until = time.monotonic() + _STARTUP_SECONDS
        for host in self.hosts:
            while True:
                try:
                    socket.create_connection((host, self.port), 1).close()
                    break
                except OSError:
                    if server.poll() is not None or time.monotonic() > until:
                        log = (self.folder / "server.log").read_text()
                        sys.exit(f"the web server does not answer on {host}:{self.port}: {log}")
                    time.sleep(0.05)

    def _own_command(self) -> list[str]:
        roots = [str(root) for root in self.roots]
        return [sys.executable, __file__, str(self.port), str(self.folder), *roots]

    def _nginx_settings(self) -> Path:
        types = " ".join(f"{kind} {ending};" for ending, kind in _TYPES.items())
        temporary = "".join(f"{name}_temp_path {self.folder}/uploads;\n" for name in _TEMPORARY)
        servers = "".join(
            f"server {{ listen {host}:{self.port}; root {root};\n"
            f"location /news/ {{ root {self.folder}; }} }}\n"
            for host, root in zip(self.hosts, self.roots, strict=True)
        )
        path = self.folder / f"nginx-{self.port}.conf"
        path.write_text(
            f"daemon off; worker_processes 1;\npid {self.folder}/nginx.pid;\n"
            f"error_log {self.folder}/nginx.log;\nevents {{ worker_connections 1024; }}\n"
            f"http {{ access_log off; keepalive_requests 1000000;\n{temporary}"
            f"gzip_static always; gunzip on; types {{ {types} }}\n{servers} }}\n"
        )
        return path


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.2", 0))
        port: int = probe.getsockname()[1]
        return port


async def _serve(port: int, folder: Path, roots: list[Path]) -> None:
    variants = ResponseVariants()

    def response(path: str, root: Path, accepted: str) -> bytes:
        path = "/index.html" if path == "/" else path
        file = (folder if path.startswith("/news/") else root) / f"{path[1:]}.gz"
        if not file.is_file():
            return b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
        body = file.read_bytes()
        headers = [("Content-Type", _TYPES[path.rpartition(".")[2]]), ("Vary", "Accept-Encoding")]
        if "gzip" in accepted:
            headers.append(("Content-Encoding", "gzip"))
        else:
            body = gzip.decompress(body)
        found, pieces = variants.next("", 200, headers, body)
        head = "".join(f"{name}: {value}\r\n" for name, value in found)
        return f"HTTP/1.1 200 OK\r\n{head}\r\n".encode() + b"".join(pieces)

    async def answer(
        root: Path, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        with contextlib.suppress(ConnectionError, IndexError):
            while line := await reader.readline():
                accepted = ""
                while (field := await reader.readline()).strip():
                    name, _, value = field.decode("latin-1").partition(":")
                    accepted = value if name.lower() == "accept-encoding" else accepted
                writer.write(response(line.split()[1].decode(), root, accepted))
                await writer.drain()
        writer.close()

    for root in roots:
        await asyncio.start_server(
            lambda reader, writer, root=root: answer(root, reader, writer), root.name, port
        )
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), Path(sys.argv[2]), [Path(root) for root in sys.argv[3:]]))
