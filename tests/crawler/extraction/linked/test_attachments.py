"""The text of attachments, and that no bytes whatever do more than be refused."""

from __future__ import annotations

import io
import struct
import zipfile
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.extraction.linked import attachments
from crawler.extraction.linked.attachments import UnreadableDocument, document_text
from dateline.demo import texts

WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
DRAWING = "http://schemas.openxmlformats.org/drawingml/2006/main"


def package(**parts: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name, text in parts.items():
            made.writestr(name.replace("__", "/") + ".xml", text)
    return out.getvalue()


def test_a_pdf_says_what_it_says() -> None:
    assert document_text(texts.PDF).splitlines()[0] == "Plan des quais et des postes d'amarrage"


def test_word_powerpoint_excel_and_opendocument() -> None:
    word = f'<w:document xmlns:w="{WORD}"><w:p><w:r><w:t>The quay </w:t></w:r><w:r><w:t>is open.</w:t></w:r></w:p></w:document>'
    assert document_text(package(word__document=word)) == "The quay is open."
    slide = '<p:sld xmlns:p="p" xmlns:a="{}"><a:p><a:r><a:t>{}</a:t></a:r></a:p></p:sld>'
    slides = {f"ppt__slides__slide{n}": slide.format(DRAWING, f"Slide {n}") for n in (10, 2, 1)}
    assert document_text(package(**slides)) == "Slide 1\nSlide 2\nSlide 10"
    sheet = '<sst xmlns="s"><si><t>Harbour dues</t></si></sst>'
    assert document_text(package(xl__sharedStrings=sheet)) == "Harbour dues"
    odt = '<office:d xmlns:office="o" xmlns:text="t"><text:h>Title</text:h><text:p>Words <text:span>here</text:span>.</text:p></office:d>'
    assert document_text(package(content=odt)) == "Title\nWords here."


def test_the_atoms_of_an_old_presentation() -> None:
    title = "The quay".encode("utf-16-le")
    stream = (
        struct.pack("<HHI", 0x0F, 1000, 40) + struct.pack("<HHI", 0, 0x0FA0, len(title)) + title
    )
    stream += struct.pack("<HHI", 0, 0x0FA8, 7) + b"is\ropen"
    assert list(attachments._atoms(stream)) == ["The quay", "is", "open"]


def test_a_bomb_is_refused() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("content.xml", b"<a>" + b" " * (attachments.MAX_UNPACKED + 10))
    with pytest.raises(UnreadableDocument, match="more than"):
        document_text(out.getvalue())


@given(
    st.sampled_from([b"%PDF-1.7\n", b"PK\x03\x04", attachments._OLE, b""]), st.binary(max_size=300)
)
def test_any_bytes_give_text_or_the_one_error(head: bytes, body: bytes) -> None:
    with suppress(UnreadableDocument):
        assert isinstance(document_text(head + body), str)
