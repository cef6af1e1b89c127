"""The jobs that worker processes run: extraction, endpoints, lists, documents."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler.workers import limits

if TYPE_CHECKING:
    from crawler.discovery.archives import ListPage
    from crawler.extraction.article import Extraction, Known
    from crawler.http.bodies import CodedBody
    from crawler.items import EndpointContent
    from crawler.workers.prepare import PreparedExtraction
    from storage.captures.files import StoredBody


def extract_job(body: bytes | CodedBody, url: str, content_type: str, known: Known) -> Extraction:
    """Extract a page, in a worker."""
    from crawler.sites import extract_for_site

    if isinstance(body, bytes):
        decoded = body
    else:
        decoded = body.decoded()
        limits.extend_job(len(decoded))
    return extract_for_site(decoded, url, content_type, known)


def article_job(
    body: bytes | CodedBody, url: str, content_type: str, known: Known
) -> PreparedExtraction:
    """Extract a page and prepare it for the archive, in a worker."""
    from crawler.workers.prepare import prepare_extraction

    return prepare_extraction(extract_job(body, url, content_type, known))


def capture_job(stored: StoredBody, url: str, content_type: str, known: Known) -> Extraction:
    """Read a capture from its file and extract it, in a worker."""
    body = stored.read()
    limits.extend_job(len(body))
    return extract_job(body, url, content_type, known)


def endpoint_job(kind: str, body: bytes, url: str, content_type: str) -> EndpointContent:
    """Parse an endpoint, in a worker."""
    from crawler.discovery.endpoints import read_endpoint

    return read_endpoint(kind, body, url, content_type)


def list_job(body: bytes, url: str, content_type: str) -> ListPage:
    """Parse a list page, in a worker."""
    from crawler.discovery.archives import read_list

    return read_list(body, url, content_type)


def document_job(body: bytes) -> str:
    """Extract the text of a document, in a worker."""
    from crawler.extraction.linked.attachments import document_text

    return document_text(body)
