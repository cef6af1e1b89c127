"""A process that has imported Dateline and forks for each command: importing costs most of one.

What it forks is a process of its own all the same, with the environment, the folder and the
streams of the command. ``python -m tests.crawler.forking FD`` serves on a Unix socket.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import gc
import importlib
import json
import multiprocessing.forkserver
import os
import pkgutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from crawler.workers import forkserver

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ROOT = Path(__file__).resolve().parent.parent.parent
NO_NETWORK = ROOT / "tests" / "no_network"
PYTHONPATH = f"{NO_NETWORK}{os.pathsep}{ROOT}"
_SERVED = 1 << 20
_PRELOADED = (
    "scrapy.crawler", "scrapy.core.downloader.handlers.http11", "scrapy.core.scheduler",
    "scrapy.core.scraper", "scrapy.pqueues", "scrapy.squeues", "scrapy.dupefilters",
    "scrapy.logformatter", "scrapy.statscollectors", "scrapy.utils.engine", "alembic.command",
    "sqlalchemy.dialects.sqlite", "sqlalchemy.dialects.postgresql.psycopg", "Stemmer",
    "storage", "crawler", "dateline.cli",
)  # fmt: skip
# Names that mean something to the interpreter's start, which is over in what is forked.
_AT_START = ("PYTHON", "LC_", "LANG", "TZ", "LD_")


def can_fork(environment: Mapping[str, str]) -> bool:
    """Whether a command with this environment begins as a forked one does."""
    return all(
        environment.get(name) == os.environ.get(name)
        for name in {*environment, *os.environ}
        if name.startswith(_AT_START) and name != "PYTHONPATH"
    )


def run(
    words: Sequence[str], environment: Mapping[str, str], folder: Path, stdin: bytes | None,
    seconds: float,
) -> subprocess.CompletedProcess[bytes]:  # fmt: skip
    """``dateline WORDS`` in a forked process.

    Raises:
        subprocess.TimeoutExpired: it took longer; it is killed.
    """
    with (
        tempfile.TemporaryFile() as given,
        tempfile.TemporaryFile() as out,
        tempfile.TemporaryFile() as err,
        socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as connection,
    ):
        given.write(stdin or b"")
        given.seek(0)
        connection.connect(_address())
        asked = {"words": list(words), "environment": dict(environment), "folder": str(folder)}
        streams = [given.fileno(), out.fileno(), err.fileno()]
        socket.send_fds(connection, [json.dumps(asked).encode()], streams)
        pid = int(connection.recv(64))
        connection.settimeout(seconds)
        try:
            code = connection.recv(64)
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            raise subprocess.TimeoutExpired(list(words), seconds) from None
        out.seek(0)
        err.seek(0)
        return subprocess.CompletedProcess(list(words), int(code), out.read(), err.read())


@functools.cache
def _address() -> str:
    """Where this test process's server listens; it ends with the test process."""
    folder = tempfile.mkdtemp(prefix="dateline-fork-")
    address = f"{folder}/s"
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    listening.bind(address)
    listening.listen(64)
    listening.set_inheritable(True)
    server = subprocess.Popen(
        [sys.executable, "-m", "tests.crawler.forking", str(listening.fileno())],
        pass_fds=[listening.fileno()], stdin=subprocess.PIPE, cwd=ROOT,
        env={**os.environ, "PYTHONPATH": PYTHONPATH, "OPENBLAS_NUM_THREADS": "1"},
    )  # fmt: skip
    listening.close()

    def end() -> None:
        server.kill()
        server.wait()
        if server.stdin is not None:
            server.stdin.close()
        Path(address).unlink(missing_ok=True)
        Path(folder).rmdir()

    atexit.register(end)
    return address


def _serve(listening: socket.socket) -> NoReturn:
    from scrapy.settings import default_settings

    components = (
        *default_settings.EXTENSIONS_BASE,
        *default_settings.DOWNLOADER_MIDDLEWARES_BASE,
        *default_settings.SPIDER_MIDDLEWARES_BASE,
    )
    for name in (*_PRELOADED, *(path.rpartition(".")[0] for path in components)):
        module = importlib.import_module(name)
        if name in ("storage", "crawler", "dateline.cli"):
            for found in pkgutil.walk_packages(module.__path__, f"{name}."):
                if not found.name.endswith("__main__"):
                    importlib.import_module(found.name)
    # Each command chooses its own reactor.
    assert "twisted.internet.reactor" not in sys.modules
    gc.collect()
    gc.freeze()
    # One server of extraction workers for all commands: each would load it for a second.
    forkserver.start_early()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        connection, _ = listening.accept()
        asked, streams, _, _ = socket.recv_fds(connection, _SERVED, 3)
        if os.fork() == 0:
            listening.close()
            _command(connection, json.loads(asked), streams)
        connection.close()
        for one in streams:
            os.close(one)


def _command(connection: socket.socket, asked: dict[str, Any], streams: list[int]) -> NoReturn:
    """In a forked process: fork the command, and tell how it ends, whatever ends it."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    pid = os.fork()
    if pid == 0:
        connection.close()
        _run(asked, streams)
    connection.send(str(pid).encode())
    _, status = os.waitpid(pid, 0)
    with contextlib.suppress(BrokenPipeError):  # nobody waits for it any more
        connection.send(str(os.waitstatus_to_exitcode(status)).encode())
    os._exit(0)


def _run(asked: dict[str, Any], streams: list[int]) -> NoReturn:
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.environ.clear()
    os.environ.update(asked["environment"])
    os.chdir(asked["folder"])
    sys.argv = ["dateline", *asked["words"]]
    # It runs, but is no child of this process, which could not tell.
    server: Any = multiprocessing.forkserver
    server.ensure_running = server._forkserver.ensure_running = lambda: None
    try:
        from dateline.cli import main

        main()
    finally:
        _, error, _ = sys.exc_info()
        code = 0
        if isinstance(error, SystemExit):
            code = error.code if isinstance(error.code, int) else int(error.code is not None)
        elif error is not None:
            sys.excepthook(type(error), error, error.__traceback__)
            code = 1
        # What the interpreter does at its end, in its order.
        threading._shutdown()  # type: ignore[attr-defined]
        atexit._run_exitfuncs()
        for one in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError):
                one.flush()
        os._exit(code)


if __name__ == "__main__":
    _serve(socket.socket(fileno=int(sys.argv[1])))
