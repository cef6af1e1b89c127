"""Alerts on their way: signed webhooks, e-mail; what fails is tried again. Doctor, logs, metrics."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import socketserver
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from dateline import alerts
from storage.archive import create_archive, open_archive
from storage.clock import utc_now
from storage.crawl.endpoints import add_endpoints
from storage.types.endpoints import FoundEndpoint
from storage.users import alerts as messages
from storage.users import saved_searches
from tests.crawler.commands import Commands
from tests.pages import LocalSite, Reply, serving
from tests.storage.values import article, new_source, stored, task_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from http.server import BaseHTTPRequestHandler
    from pathlib import Path

    from storage.archive import Archive


def _publish(archive: Archive, source: int, name: str) -> None:
    task = task_for(archive, source, f"https://herald.example/{name}")
    page = stored(task, article(f"Of {name}", "The ferry was late. It was told at length."))
    archive.record(source, None, [page], utc_now())


def _hook(site: LocalSite, status: int = 200) -> list[tuple[dict[str, str], bytes]]:
    taken: list[tuple[dict[str, str], bytes]] = []

    def answer(request: BaseHTTPRequestHandler) -> Reply:
        body = request.rfile.read(int(request.headers["Content-Length"]))
        taken.append(({k.lower(): v for k, v in request.headers.items()}, body))
        return Reply(b"", status)

    site.pages["/hook"] = answer
    return taken


def test_a_webhook_is_told_once_and_can_check_who_tells_it(tmp_path: Path) -> None:
    with create_archive(str(tmp_path / "a")) as archive, serving() as site:
        taken = _hook(site)
        source = new_source(archive)
        number = saved_searches.save_search(archive, "ferries", "ferry", utc_now())
        watch = messages.add_alert(archive, number, f"{site.base}/hook", 5, utc_now())
        _publish(archive, source, "one")
        assert alerts.send_due(archive).sent == 1
        assert alerts.send_due(archive).sent == 0
        ((headers, body),) = taken
        told = json.loads(body)
        assert told["search"] == "ferries"
        assert [one["headline"] for one in told["articles"]] == ["Of one"]
        assert told["id"] == headers["webhook-id"]
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        secret = base64.b64decode(alerts.shown_secret(watch.secret).removeprefix("whsec_"))
        digest = hmac.new(secret, signed, hashlib.sha256).digest()
        assert headers["webhook-signature"] == "v1," + base64.b64encode(digest).decode()


def test_what_no_server_takes_waits_and_nothing_follows_a_redirect(tmp_path: Path) -> None:
    with create_archive(str(tmp_path / "a")) as archive, serving() as site:
        other = _hook(site)
        site.set("/moved", Reply(b"", 302, {"Location": "/hook"}))
        source = new_source(archive)
        number = saved_searches.save_search(archive, "ferries", "ferry", utc_now())
        messages.add_alert(archive, number, f"{site.base}/moved", 5, utc_now())
        messages.add_alert(archive, number, "http://127.0.0.1:9/", 5, utc_now())
        _publish(archive, source, "one")
        done = alerts.send_due(archive)
        assert (done.sent, done.failed) == (0, 2)
        first, second = messages.list_alerts(archive)
        assert first.last_error == "the server answered 302"
        assert second.last_error is not None
        assert (first.waiting, second.waiting) == (1, 1)
        assert other == []


class _Smtp(socketserver.StreamRequestHandler):
    """As much of RFC 5321 as it takes to receive a letter."""

    def handle(self) -> None:
        self.wfile.write(b"220 test\r\n")
        while line := self.rfile.readline().strip().upper():
            if line == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                letter = []
                while (part := self.rfile.readline()) != b".\r\n":
                    letter.append(part)
                self.server.letters.append(b"".join(letter).decode())  # type: ignore[attr-defined]
            if line == b"QUIT":
                self.wfile.write(b"221 bye\r\n")
                return
            self.wfile.write(b"250 fine\r\n")


@contextmanager
def _post_office() -> Iterator[tuple[int, list[str]]]:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Smtp) as server:
        letters: list[str] = []
        server.letters = letters  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        yield server.server_address[1], letters
        server.shutdown()
        thread.join()


def test_alerts_from_the_command_line(tmp_path: Path) -> None:
    dateline = Commands(tmp_path / "archive")
    assert dateline("init", str(dateline.folder)).code == 0
    with _post_office() as (port, letters), open_archive(str(dateline.folder)) as archive:
        source = new_source(archive)
        done = dateline("alert", "add", "ferry late", "--to", "desk@herald.example")
        assert done.code == 0, done.err
        assert dateline("alert", "add", "--alarms", "--to", "desk@herald.example").code == 0
        _publish(archive, source, "one")
        lacking = dateline("alert", "send")
        assert lacking.code == 3
        assert "no [mail] section" in lacking.err
        settings = dateline.folder / "dateline.toml"
        settings.write_text(
            f'[mail]\nhost = "127.0.0.1"\nport = {port}\nfrom = "archive@herald.example"\n'
        )
        assert dateline("alert", "test", "1").code == 0
        with open_archive(str(dateline.folder)) as again:
            (waiting,) = messages.due_messages(again, utc_now().replace(year=2100))
            alerts.send(again, waiting)
        assert len(letters) == 2
        assert "Subject: Dateline: 1 new article for ferry late" in letters[1]
        assert "https://herald.example/one" in letters[1]
        assert f"<{waiting.key}@dateline.invalid>" in letters[1]
    listed = dateline("alert", "list", "--json").json
    assert [one["search"] for one in listed] == ["ferry late", None]
    assert dateline("alert", "remove", "2").code == 0
    for words, why in (
        (("alert", "remove", "9"), "there is no alert 9"),
        (("alert", "add", "x", "--to", "nobody"), "neither an e-mail address nor a URL"),
        (("alert", "add", "x AND", "--to", "a@b.example"), "a word is missing"),
        (("alert", "add", "x", "--to", "a@b.example", "--every", "soon"), "is not valid"),
        (("alert", "add", "--to", "a@b.example"), "Give a SEARCH"),
    ):
        failed = dateline(*words)
        assert failed.code in (1, 2), words
        assert why in failed.err


def test_a_doctor_finds_what_is_wrong(tmp_path: Path) -> None:
    dateline = Commands(tmp_path / "archive")
    assert dateline("init", str(dateline.folder)).code == 0
    with serving() as site:
        site.set("/", "<html><head><title>Quay</title></head><body>Home</body></html>")
        with open_archive(str(dateline.folder)) as archive:
            new_source(archive, "quay", f"{site.base}/")
        done = dateline("doctor", "--json")
        found: dict[str, Any] = {one["subject"]: one for one in done.json}
        assert found["database"]["state"] == "ok"
        assert found["network"]["detail"] == "1 of 1 sources are reachable"
        assert found["clock"]["state"] == "ok"
        assert {"disk", "captures", "crawls"} <= set(found)
    gone = dateline("doctor", "--json")
    assert gone.code == 1
    assert any("connection-refused" in one["detail"] for one in gone.json)
    assert "clock" not in {one["subject"] for one in dateline("doctor", "--offline", "--json").json}
    (dateline.folder / "captures" / "x-1.warc.gz").write_bytes(b"no gzip at all")
    broken = dateline("doctor", "--offline")
    assert broken.code == 1
    assert "captures verify" in broken.out


def test_logs_are_json_where_that_is_asked_for(tmp_path: Path) -> None:
    dateline = Commands(tmp_path / "archive")
    assert dateline("init", str(dateline.folder)).code == 0
    with serving() as site:
        with open_archive(str(dateline.folder)) as archive:
            source = new_source(archive, "quay", f"{site.base}/")
            feed = [FoundEndpoint(f"{site.base}/feed", "feed")]
            archive.write(lambda s: add_endpoints(s, source, feed, utc_now()))
        done = dateline("--log-json", "-v", "crawl", "quay")
    lines = [json.loads(line) for line in done.err.splitlines() if line.startswith("{")]
    assert lines, done.err
    assert all({"at", "level", "logger", "message"} <= set(one) for one in lines)
