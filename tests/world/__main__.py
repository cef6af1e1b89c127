"""``make world``: the whole way of an archive against real servers, a line for each server and step.

Each server that is installed serves the demonstration's sites and pages of other publishers over
TLS, packed as its package packs them. An archive follows them, crawls twice, proves what it holds,
reads it again, and gives it to a second archive as WARC and to a third as WACZ, which must hold the
same. Nothing is installed, and nothing leaves 127.0.0.1. Exit code 1: a step failed.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from warcio.archiveiterator import ArchiveIterator

from tests.world.servers import HOST, SERVERS, Trust, free_port, make_trust, program, running
from tests.world.sites import sites, write

if TYPE_CHECKING:
    from collections.abc import Callable


class _Failed(Exception):
    """A step did not do what it should; the text says why."""


class _World:
    """One server with its sites and its archives."""

    def __init__(self, name: str, folder: Path, trust: Trust) -> None:
        self._name = name
        self._folder = folder
        self._trust = trust
        self.failures = 0

    def step(self, name: str, work: Callable[[], str]) -> bool:
        """Do a step and print its line; whether it succeeded."""
        began = time.monotonic()
        try:
            told, verdict = work(), "ok"
        except (_Failed, RuntimeError, OSError, subprocess.TimeoutExpired) as error:
            told, verdict = str(error), "FAILED"
            self.failures += 1
        took = time.monotonic() - began
        print(f"{self._name:8} {name:22} {verdict:6} {took:6.1f} s  {told}", flush=True)
        return verdict == "ok"

    def dateline(
        self, *words: str, archive: str = "first", partly: bool = False
    ) -> subprocess.CompletedProcess[str]:
        """Run a command on one of the archives; ``partly`` done (exit code 3) may be enough.

        Raises:
            _Failed: it ended with an error.
        """
        environment = {**os.environ, "DATELINE_ARCHIVE": str(self._folder / archive),
                       "DATELINE_ALLOW_PRIVATE": "1", "SSL_CERT_FILE": str(self._trust.ca)}  # fmt: skip
        environment.pop("DATELINE_DATABASE", None)
        done = subprocess.run(
            [sys.executable, "-m", "dateline", *words], env=environment, check=False,
            capture_output=True, text=True, timeout=900,
        )  # fmt: skip
        if done.returncode != 0 and not (partly and done.returncode == _PARTLY):
            said = " | ".join((done.stderr + done.stdout).strip().splitlines()[-4:])
            raise _Failed(f"`dateline {' '.join(words)}` ended with {done.returncode}: {said}")
        if "Traceback" in done.stderr:
            raise _Failed(f"`dateline {' '.join(words)}` printed a traceback")
        return done

    # -- the steps -------------------------------------------------------------------------------

    def add(self, bases: dict[str, str]) -> str:
        """Follow each site."""
        self.dateline("init", str(self._folder / "first"))
        for name, base in bases.items():
            self.dateline("add", f"{base}/", "--name", name, "--delay", "0")
        return f"{len(bases)} sites followed"

    def crawl(self) -> str:
        """Crawl all of it."""
        told = self._crawled()
        new, causes = sum(one["new"] for one in told), Counter[str]()
        for one in told:
            causes.update(one["causes"])
        if not all(one["new"] for one in told):
            raise _Failed(f"a site gave nothing: {[(o['source'], o['new']) for o in told]}")
        return f"{new} new, left out: {dict(causes) or 'none'}"

    def _crawled(self) -> list[dict[str, Any]]:
        # Pictures of other publishers' pages lie on their hosts, where nobody is to be asked.
        words = ("crawl", "--limit", "100000", "--depth", "0", "--media", "0", "--json")
        told: list[dict[str, Any]] = json.loads(self.dateline(*words, partly=True).stdout)
        return told

    def crawl_again(self) -> str:
        """Crawl once more: nothing has changed."""
        told = self._crawled()
        if moved := {one["source"]: (one["new"], one["revised"]) for one in told
                     if one["new"] or one["revised"]}:  # fmt: skip
            raise _Failed(f"(new, revised) of what did not change: {moved}")
        return "nothing new"

    def prove(self) -> str:
        """Read every capture, check the database, read all pages again."""
        for words in (("captures", "verify"), ("db", "check"), ("reextract",), ("db", "check")):
            self.dateline(*words)
        return "captures verify, db check, reextract, db check"

    def export(self, form: str) -> str:
        """Write everything as WARC or WACZ."""
        path = self._folder / _FILES[form]
        done = self.dateline("export", "-f", form, "--reserved", "-o", str(path))
        told = " ".join(done.stderr.split())[-40:]
        if form == "wacz":
            return told
        with path.open("rb") as stream:
            codings = Counter(
                record.http_headers.get_header("Content-Encoding") or "none"
                for record in ArchiveIterator(stream, check_digests="raise")
                if record.rec_type == "response"
            )
        if set(codings) == {"none"}:
            raise _Failed("the server packed nothing")
        return f"{sum(codings.values())} responses, content codings {dict(codings)}"

    def bring_in(self, form: str) -> str:
        """Import an export into a new archive and compare what both hold."""
        self.dateline("init", str(self._folder / form))
        path = self._folder / _FILES[form]
        self.dateline("import", str(path), "--new-sources", archive=form)
        self.dateline("captures", "verify", archive=form)
        self.dateline("db", "check", archive=form)
        here, there = self._held("first"), self._held(form)
        if missing := here.keys() - there.keys():
            raise _Failed(
                f"{len(missing)} of {len(here)} articles are missing: {sorted(missing)[:3]}"
            )
        differing = [url for url, said in here.items() if there[url] != said]
        if differing:
            raise _Failed(f"{len(differing)} of {len(here)} articles differ: {differing[:3]}")
        return f"{len(here)} articles, the same in both"

    def _held(self, archive: str) -> dict[str, Any]:
        """Headline and text of each article by its URL."""
        lines = self.dateline("export", "--reserved", archive=archive).stdout.splitlines()
        return {one["url"]: (one["headline"], one["text"]) for one in map(json.loads, lines)}

    def run(self, pages: int) -> None:
        """All steps, in the order in which each needs those before."""
        made = sites(pages)
        ports = {name: free_port() for name in made}
        bases = {name: f"https://{HOST}:{port}" for name, port in ports.items()}
        for name, make in made.items():
            write(make(bases[name]), self._folder / "sites" / name)
        roots = {ports[name]: self._folder / "sites" / name for name in made}
        try:
            with running(self._name, self._folder, roots, self._trust):
                self.step("start", lambda: f"{len(bases)} sites over TLS, client with HTTP/1.1")
                if not self.step("add", lambda: self.add(bases)):
                    return
                if not self.step("crawl", self.crawl):
                    return
                self.step("crawl again", self.crawl_again)
        except RuntimeError as error:
            reason = str(error)
            self.step("start", lambda: _refuse(reason))
            return
        self.step("prove", self.prove)
        for form in _FILES:
            if self.step(f"export {form}", lambda form=form: self.export(form)):
                self.step(f"import {form}, compare", lambda form=form: self.bring_in(form))


# A crawl that could not read every page; which and why is in the line.
_PARTLY = 3
_FILES = {"warc": "all.warc.gz", "wacz": "all.wacz"}


def _refuse(reason: str) -> str:
    raise _Failed(reason)


def main() -> None:
    """Try every server; exit 1 where a step failed or none is installed."""
    parser = argparse.ArgumentParser(
        prog="make world", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument(
        "--pages", type=int, default=60, help="pages of each set of real ones; 0: none"
    )
    parser.add_argument("--server", action="append", choices=list(SERVERS), help="only this one")
    asked = parser.parse_args()
    failures = tried = 0
    with tempfile.TemporaryDirectory(prefix="dateline-world-") as name:
        Path(name).chmod(0o755)  # the servers' own user reads the pages
        trust = make_trust(Path(name))
        for server in asked.server or SERVERS:
            if program(server) is None:
                print(f"{server:8} missing: not installed, so not tried", flush=True)
                continue
            folder = Path(name) / server
            folder.mkdir()
            world = _World(server, folder, trust)
            world.run(asked.pages)
            failures, tried = failures + world.failures, tried + 1
    if not tried:
        print(f"no server to try; install one of: {', '.join(SERVERS)}")
    print(f"{tried} servers tried, {failures} steps failed")
    sys.exit(1 if failures or not tried else 0)


if __name__ == "__main__":
    main()
