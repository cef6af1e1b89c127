"""The jobs that worker processes run: extraction, endpoints, lists, documents."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crawler.discovery.archives import ListPage
    from crawler.extraction.article import Extraction, Known
    from crawler.items import EndpointContent
    from crawler.workers.prepare import Prepared


def extract_job(body: bytes, url: str, content_type: str, known: Known) -> Extraction:
    """Runs in a worker."""
    from crawler.sites import extract_for_site

    return extract_for_site(body, url, content_type, known)


def article_job(body: bytes, url: str, content_type: str, known: Known) -> Prepared:
    """Runs in a worker: the same, prepared for the archive."""
    from crawler.workers.prepare import prepared

    return prepared(extract_job(body, url, content_type, known))


def endpoint_job(kind: str, body: bytes, url: str, content_type: str) -> EndpointContent:
    """Runs in a worker."""
    from crawler.discovery.endpoints import read_endpoint

    return read_endpoint(kind, body, url, content_type)


def list_job(body: bytes, url: str, content_type: str) -> ListPage:
    """Runs in a worker."""
    from crawler.discovery.archives import read_list

    return read_list(body, url, content_type)


def document_job(body: bytes) -> str:
    """Runs in a worker."""
    from crawler.extraction.linked.attachments import document_text

    return document_text(body)
