"""Sends alert messages by e-mail and webhook.

Webhooks follow the Standard Webhooks specification (https://www.standardwebhooks.com): the headers
``webhook-id``, ``webhook-timestamp`` and ``webhook-signature`` (HMAC-SHA256 over the three joined
by dots, base64, with the alert's secret).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import json
import logging
import os
import smtplib
import ssl
from dataclasses import dataclass
from email.message import EmailMessage
from typing import TYPE_CHECKING, Any

from dateline import webhook
from storage.clock import utc_now
from storage.config import read_mail_settings
from storage.crawl import leases
from storage.users import alerts
from storage.version import VERSION

if TYPE_CHECKING:
    from storage.archive import Archive
    from storage.users.alerts import Message

logger = logging.getLogger(__name__)
_TIMEOUT = 20
_LEASE = "alerts"
PASSWORD = "DATELINE_MAIL_PASSWORD"  # noqa: S105 - the name of a variable


class NotSent(Exception):
    """A message could not be sent; the text gives the reason."""


@dataclass(frozen=True, slots=True)
class Done:
    """Result of one round of sending."""

    made: int = 0
    sent: int = 0
    failed: int = 0


def send_due(archive: Archive) -> Done:
    """Create and send the due messages; do nothing if another process is doing it."""
    if not alerts.is_anything_due(archive, utc_now()):
        return Done()
    holder = leases.new_holder_id()
    if not leases.acquire(archive, _LEASE, holder, utc_now()):
        return Done()
    try:
        made = alerts.queue_matches(archive, utc_now())
        sent = failed = 0
        for message in alerts.due_messages(archive, utc_now()):
            try:
                send(archive, message)
            except NotSent as error:
                failed += 1
                logger.warning("cannot send an alert to %s: %s", message.target, error)
                alerts.mark_failed(archive, message, str(error), utc_now())
            else:
                sent += 1
                alerts.mark_sent(archive, message, utc_now())
            leases.renew(archive, [_LEASE], holder, utc_now())
        return Done(made, sent, failed)
    finally:
        leases.release(archive, _LEASE, holder)


def send(archive: Archive, message: Message) -> None:
    """Send one message.

    Raises:
        NotSent: the server did not accept it.
    """
    if message.target.startswith("mailto:"):
        _mail(archive, message)
    else:
        _post(message)


def _post(message: Message) -> None:
    body = json.dumps({"id": message.key, **message.payload}, ensure_ascii=False).encode()
    stamp = str(int(utc_now().timestamp()))
    headers = {
        "Content-Type": "application/json", "User-Agent": f"Dateline/{VERSION}",
        "webhook-id": message.key, "webhook-timestamp": stamp,
        "webhook-signature": signature(message.secret, message.key, stamp, body),
    }  # fmt: skip
    try:
        status = webhook.post(message.target, body, headers, _TIMEOUT)
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise NotSent(f"{type(error).__name__}: {error}") from error
    if not 200 <= status < 300:  # the class of success
        raise NotSent(f"the server answered {status}")


def signature(secret: str, key: str, stamp: str, body: bytes) -> str:
    """The signature of a webhook's body."""
    signed = f"{key}.{stamp}.".encode() + body
    digest = hmac.new(bytes.fromhex(secret), signed, hashlib.sha256).digest()
    return "v1," + base64.b64encode(digest).decode()


def shown_secret(secret: str) -> str:
    """Format a secret as the specification does, for checking signatures."""
    return "whsec_" + base64.b64encode(bytes.fromhex(secret)).decode()


def _mail(archive: Archive, message: Message) -> None:
    settings = read_mail_settings(archive.location.folder)
    if settings is None:
        raise NotSent("dateline.toml has no [mail] section. The guide (Alerts) shows it.")
    letter = EmailMessage()
    subject, text = worded(message.payload)
    letter["Subject"] = subject
    letter["From"] = settings.sender
    letter["To"] = message.target.removeprefix("mailto:")
    letter["Message-ID"] = f"<{message.key}@dateline.invalid>"
    letter["Auto-Submitted"] = "auto-generated"
    letter.set_content(text)
    try:
        with smtplib.SMTP(settings.host, settings.port, timeout=_TIMEOUT) as server:
            if settings.starttls:
                server.starttls(context=ssl.create_default_context())
            if settings.username:
                server.login(settings.username, os.environ.get(PASSWORD, ""))
            server.send_message(letter)
    except (OSError, smtplib.SMTPException) as error:
        raise NotSent(f"{type(error).__name__}: {error}") from error


def worded(payload: dict[str, Any]) -> tuple[str, str]:
    """Return (subject, text) of an e-mail."""
    if payload["kind"] == "alarms":
        lines = [f"{one['kind']}: {one['detail']}" for one in payload["alarms"]]
        return f"Dateline: {payload['source']} has alarms", "\n".join(lines) + "\n"
    if payload["kind"] == "test":
        return (
            "Dateline: test message",
            "This is a test message. Alerts of this archive reach you.\n",
        )
    articles = payload["articles"]
    count = "1 new article" if len(articles) == 1 else f"{len(articles)} new articles"
    blocks = []
    for one in articles:
        when = (one["published"] or "")[:16].replace("T", " ")
        lines = [one["headline"], f"{one['source']}  {when}".rstrip(),
                 one["standfirst"] or one["snippet"], one["url"]]  # fmt: skip
        blocks.append("\n".join(line for line in lines if line))
    return f"Dateline: {count} for {payload['search']}", "\n\n".join(blocks) + "\n"
