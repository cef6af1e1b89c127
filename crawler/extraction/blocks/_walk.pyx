# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False
"""The walk of ``walk.py``, compiled: the same blocks and places, read from libxml2's own tree.

A quarter of a page's time went into asking lxml for each element's tag, text and attributes as
Python objects. Here they are read where libxml2 keeps them. ``walk.py`` says what is done and why,
and does it itself where no compiler was at hand; ``test_walk.py`` holds both to the same answers.
"""

from cpython.unicode cimport PyUnicode_DecodeUTF8
from libc.stdlib cimport free, malloc, realloc
from libc.string cimport memchr, memcpy, strchr, strcmp, strlen, strstr
from lxml.includes cimport etreepublic as etree
from lxml.includes.tree cimport (
    XML_CDATA_SECTION_NODE, XML_COMMENT_NODE, XML_ELEMENT_NODE, XML_ENTITY_REF_NODE, XML_PI_NODE,
    XML_TEXT_NODE, XML_XINCLUDE_END, XML_XINCLUDE_START, xmlAttr, xmlNode,
)

etree.import_lxml__etree()

from crawler.extraction.blocks.block import (
    EMPHASIS, EXPLAINED, FURNITURE, HEADINGS, HIDDEN_STYLE, INLINE, INVISIBLE, LOOKED_AT, MAX_BLOCKS,
    MAX_DEPTH, MAX_PLACES, MAX_SPANS, OPENED, SIGNS, UNCOUNTED, UNNUMBERED, WORD_ATTRIBUTES,
    Place, RawBlock, heading_of,
)

# That of walk.py at which this was written.
VERSION = 7

# What an element is to the walk. From IN_LINE to EXPLAINS it is part of a run of text.
cdef enum:
    BLOCK, IN_LINE, IMAGE, ANCHOR, EMPHASISED, STRONG, TIME, EXPLAINS, BREAK, RULE
    NO_TEXT, MAY_OPEN

cdef dict KINDS = {
    **dict.fromkeys(FURNITURE, NO_TEXT),
    **dict.fromkeys(OPENED, MAY_OPEN),
    **dict.fromkeys(INLINE, IN_LINE),
    **dict.fromkeys(EXPLAINED, EXPLAINS),
    **{tag: STRONG if kind == "strong" else EMPHASISED for tag, kind in EMPHASIS.items()},
    "img": IMAGE, "amp-img": IMAGE, "a": ANCHOR, "time": TIME, "br": BREAK, "hr": RULE,
}
cdef frozenset HEADED = HEADINGS, BOXES = OPENED
cdef list SILENCED = [name.encode() for name in UNCOUNTED]
cdef type BLOCK_TYPE = RawBlock, PLACE_TYPE = Place
cdef frozenset TOLD = WORD_ATTRIBUTES
cdef Py_ssize_t DEEPEST = MAX_DEPTH, MOST = MAX_BLOCKS, MOST_PLACES = MAX_PLACES
cdef Py_ssize_t COMPARED = LOOKED_AT, MARKED = MAX_SPANS


cdef class Run:
    """Inline text being gathered as UTF-8, white space folded as a browser folds it."""

    cdef char* data
    cdef Py_ssize_t size, room
    # Lengths count characters, as spans do.
    cdef Py_ssize_t length, linked, strong
    cdef bint spaced, timed
    cdef list spans, images, breaks

    def __cinit__(self):
        self.room = 1024
        self.data = <char*> malloc(self.room)
        if self.data == NULL:
            raise MemoryError
        self.begin()

    def __dealloc__(self):
        free(self.data)

    cdef int begin(self) except -1:
        self.size = self.length = self.linked = self.strong = 0
        self.spaced = True
        self.timed = False
        self.spans = []
        self.images = []
        self.breaks = []
        return 0

    cdef int reserve(self, Py_ssize_t more) except -1:
        cdef char* larger
        if self.size + more > self.room:
            larger = <char*> realloc(self.data, 2 * (self.size + more))
            if larger == NULL:
                raise MemoryError
            self.room = 2 * (self.size + more)
            self.data = larger
        return 0


cdef inline bint is_invisible(const char* at) noexcept nogil:
    """Whether one of ``INVISIBLE`` begins here, in UTF-8 that ends in zero."""
    cdef unsigned char c = <unsigned char> at[0]
    if c == 0xC2:
        return <unsigned char> at[1] == 0xAD
    if c == 0xE2 and at[1]:
        return ((<unsigned char> at[1] == 0x80 and <unsigned char> at[2] == 0x8B)
                or (<unsigned char> at[1] == 0x81 and <unsigned char> at[2] == 0xA0))
    return c == 0xEF and <unsigned char> at[1] == 0xBB and <unsigned char> at[2] == 0xBF


cdef inline bint is_text(xmlNode* node) noexcept nogil:
    return node.type == XML_TEXT_NODE or node.type == XML_CDATA_SECTION_NODE


cdef inline bint is_child(xmlNode* node) noexcept nogil:
    # What lxml counts as one.
    return (node.type == XML_ELEMENT_NODE or node.type == XML_COMMENT_NODE
            or node.type == XML_PI_NODE or node.type == XML_ENTITY_REF_NODE)


cdef inline bint is_space(char c) noexcept nogil:
    # str.isspace() of ASCII.
    return c == 32 or 9 <= c <= 13 or 28 <= c <= 31


cdef inline bint is_folded(char c) noexcept nogil:
    return c == 32 or c == 9 or c == 10 or c == 12 or c == 13


cdef inline bint begins(const char* value, const char* word) noexcept nogil:
    """Whether ``value`` begins with ``word``, which is lower-case ASCII, in any case."""
    cdef Py_ssize_t i = 0
    while word[i]:
        if (value[i] | 32) != word[i]:
            return False
        i += 1
    return True


cdef bint names_author(const char* value) noexcept nogil:
    while value[0]:
        if (begins(value, b"author") or begins(value, b"byline") or begins(value, b"auteur")
                or begins(value, b"autor")):
            return True
        value += 1
    return False


cdef bint is_ascii(const char* value) noexcept nogil:
    while value[0]:
        if value[0] & 0x80:
            return False
        value += 1
    return True


cdef inline str decoded(const char* data, Py_ssize_t size):
    return PyUnicode_DecodeUTF8(data, size, "replace")


cdef inline xmlAttr* attribute(xmlNode* node, const char* name) noexcept nogil:
    cdef xmlAttr* attr = node.properties
    while attr != NULL:
        if attr.ns == NULL and strcmp(<const char*> attr.name, name) == 0:
            return attr
        attr = attr.next
    return NULL


cdef inline const char* plain_value(xmlAttr* attr) noexcept nogil:
    """The value where it lies in one piece, as nearly all do, and ``NULL`` where it does not."""
    if attr.children == NULL:
        return b""
    if attr.children.type != XML_TEXT_NODE or attr.children.next != NULL:
        return NULL
    if attr.children.content == NULL:
        return b""
    return <const char*> attr.children.content


cdef inline str value_of(xmlNode* node, xmlAttr* attr):
    cdef const char* plain = plain_value(attr)
    if plain != NULL:
        return decoded(plain, strlen(plain))
    return etree.attributeValue(node, attr)


cdef bint has_heading(xmlNode* top) noexcept nogil:
    """Whether an ``h1`` lies below. No recursion: a page may be deeper than the stack."""
    cdef xmlNode* node = top.children
    while node != NULL:
        if node.type == XML_ELEMENT_NODE:
            if node.ns == NULL and strcmp(<const char*> node.name, b"h1") == 0:
                return True
            if node.children != NULL:
                node = node.children
                continue
        while node.next == NULL:
            node = node.parent
            if node == NULL or node == top:
                return False
        node = node.next
    return False


cdef bint is_uncounted(xmlNode* node) noexcept:
    cdef const char* name = <const char*> node.name
    cdef bytes one
    if node.ns != NULL:
        return False
    if name[0] == b"a" and name[1] == 0:
        return True
    if strchr(b"sbt", name[0]) == NULL:
        return False
    for one in SILENCED:
        if strcmp(name, <const char*> one) == 0:
            return True
    return False


cdef Py_ssize_t said_in(xmlNode* top) noexcept:
    """How many characters stand below, white space and the text of links left out."""
    cdef xmlNode* node = top.children
    cdef const char* at
    cdef Py_ssize_t count = 0
    if is_uncounted(top):
        return 0
    while node != NULL:
        if is_text(node):
            at = <const char*> node.content
            while at != NULL and at[0]:
                count += (at[0] & 0xC0) != 0x80 and not is_space(at[0])
                at += 1
        elif (node.type == XML_ELEMENT_NODE and node.children != NULL
                and not is_uncounted(node)):
            node = node.children
            continue
        while node.next == NULL:
            node = node.parent
            if node == NULL or node == top:
                return count
        node = node.next
    return count


def words_of(str text not None):
    """``re.findall(r"\\w+", text)``, in a third of its time."""
    cdef list found = []
    cdef Py_ssize_t i, begin = -1, size = len(text)
    cdef Py_UCS4 c
    for i in range(size):
        c = text[i]
        if 97 <= c <= 122 or c == 95 or (c > 47 and c.isalnum()):
            if begin < 0:
                begin = i
        elif begin >= 0:
            found.append(text[begin:i])
            begin = -1
    if begin >= 0:
        found.append(text[begin:])
    return found


cdef struct Sums:
    Py_ssize_t parent, chars, linked, paragraphs, blocks, commas


cdef class Walker:
    """One walk. ``blocks``, ``places``, ``images`` and ``explains`` are its result."""

    cdef readonly list blocks, places, images
    cdef readonly bint explains
    cdef readonly Py_ssize_t passed, footed
    cdef etree._Document document
    cdef Run run
    # The classes of the element whose words were told last.
    cdef str classes
    # Inline elements that stand open: (what its span will be, its address), and where each began.
    cdef list open
    cdef Py_ssize_t* begun
    cdef Py_ssize_t begun_room
    cdef int links_open, strongs_open, inside
    cdef Py_ssize_t limit
    cdef Sums* sums
    cdef Py_ssize_t sums_room

    def __cinit__(self):
        self.begun_room = self.sums_room = 256
        self.begun = <Py_ssize_t*> malloc(self.begun_room * sizeof(Py_ssize_t))
        self.sums = <Sums*> malloc(self.sums_room * sizeof(Sums))
        if self.begun == NULL or self.sums == NULL:
            raise MemoryError

    def __dealloc__(self):
        free(self.begun)
        free(self.sums)

    def __init__(self, *, Py_ssize_t limit):
        self.limit = limit
        self.blocks, self.places, self.images, self.open = [], [], [], []
        self.run = Run()
        self.explains = False

    def walk(self, etree._Element body not None):
        """Walk an element and all below it."""
        self.document = body._doc
        self.element(body._c_node, -1, 0, 0, False, False, self.words(body._c_node))
        self.sum_up()

    # Attributes

    cdef bint is_hidden(self, xmlNode* node) except -1:
        cdef xmlAttr* attr = node.properties
        cdef const char* name
        cdef const char* plain
        cdef str value
        while attr != NULL:
            if attr.ns == NULL:
                name = <const char*> attr.name
                if name[0] == b"s" and strcmp(name, b"style") == 0:
                    plain = plain_value(attr)
                    if plain == NULL or strstr(plain, b"none") or strstr(plain, b"hidden"):
                        value = value_of(node, attr)
                        if "none" in value or "hidden" in value:
                            return HIDDEN_STYLE.search(value) is not None
                elif name[0] == b"h" and strcmp(name, b"hidden") == 0:
                    if value_of(node, attr) != "until-found":
                        return True
                elif name[0] == b"a" and strcmp(name, b"aria-hidden") == 0:
                    if value_of(node, attr) == "true":
                        return True
            attr = attr.next
        return False

    cdef str words(self, xmlNode* node):
        cdef xmlAttr* attr = node.properties
        cdef const char* name
        cdef str found = None
        cdef str alike = None
        cdef str value
        while attr != NULL:
            if attr.ns == NULL:
                name = <const char*> attr.name
                # Most are a class or an id.
                if (strcmp(name, b"class") == 0 or strcmp(name, b"id") == 0
                        or decoded(name, strlen(name)) in TOLD):
                    value = value_of(node, attr)
                    found = value if found is None else found + " " + value
                    if strcmp(name, b"id") and strcmp(name, b"aria-label"):
                        alike = value if alike is None else alike + " " + value
            attr = attr.next
        self.classes = "" if alike is None else alike.lower().translate(UNNUMBERED)
        return "" if found is None else found.lower()

    cdef bint signs(self, xmlNode* node) except -1:
        """Whether the class, or the property of one without, is an author's."""
        cdef const char* plain = NULL
        cdef xmlAttr* attr = attribute(node, b"class")
        if attr != NULL:
            plain = plain_value(attr)
        if attr == NULL or (plain != NULL and plain[0] == 0):
            attr = attribute(node, b"itemprop")
            if attr == NULL:
                return False
            plain = plain_value(attr)
        if plain != NULL and is_ascii(plain):
            return names_author(plain)
        return SIGNS.search(value_of(node, attr)) is not None

    # Text

    cdef int text(self, xmlNode* node) except -1:
        """Add the text that stands at ``node``. 1 where it is more than white space."""
        cdef xmlNode* last = node
        cdef xmlNode* one = NULL
        cdef int pieces = 0
        while last != NULL:
            if is_text(last):
                if last.content != NULL and last.content[0]:
                    one = last
                    pieces += 1
            elif last.type != XML_XINCLUDE_START and last.type != XML_XINCLUDE_END:
                break
            last = last.next
        if pieces == 0:
            return 0
        if pieces == 1:
            return self.add(<const char*> one.content, strlen(<const char*> one.content))
        joined = bytearray()
        while node != last:
            if is_text(node) and node.content != NULL:
                joined += <bytes> (<const char*> node.content)
            node = node.next
        return self.add(<const char*> <char*> joined, len(joined))

    cdef int add(self, const char* data, Py_ssize_t size) except -1:
        """Append text as a browser shows it. 1 where it is more than white space."""
        cdef Run run = self.run
        cdef Py_ssize_t i
        cdef bint foreign = False
        cdef str text
        for i in range(size):
            if is_invisible(data + i):
                cleaned = INVISIBLE.sub("", decoded(data, size)).encode()
                if not cleaned:
                    return 0
                return self.add(<const char*> <bytes> cleaned, len(<bytes> cleaned))
        for i in range(size):
            if data[i] & 0x80:
                foreign = True
            elif not is_space(data[i]):
                self.gather(data, size)
                return 1
        if foreign:
            text = decoded(data, size)
            if not text.isspace():
                self.gather(data, size)
                return 1
            if "\u00a0" in text:
                self.gather(data, size)
                return 0
        if not run.spaced:
            run.reserve(1)
            run.data[run.size] = 32
            run.size += 1
            run.length += 1
            run.spaced = True
            self.count(1)
        return 0

    cdef int gather(self, const char* data, Py_ssize_t size) except -1:
        cdef Run run = self.run
        cdef Py_ssize_t i, length = 0
        cdef bint folds = False, before = False
        cdef char c
        cdef char* out
        for i in range(size):
            c = data[i]
            if c == 10 or c == 9 or c == 13 or (c == 32 and before):
                folds = True
                break
            before = c == 32
        i = 0
        if run.spaced:
            if folds:
                while i < size and is_folded(data[i]):
                    i += 1
            elif data[0] == 32:
                i = 1
        if i == size:
            return 0
        run.reserve(size - i)
        out = run.data + run.size
        before = False
        while i < size:
            c = data[i]
            i += 1
            if folds and is_folded(c):
                if before:
                    continue
                before = True
                c = 32
            else:
                before = False
            out[0] = c
            out += 1
            length += (c & 0xC0) != 0x80
        run.size = out - run.data
        run.length += length
        run.spaced = (out - 1)[0] == 32
        self.count(length)
        return 0

    cdef inline void count(self, Py_ssize_t size) noexcept:
        if self.links_open:
            self.run.linked += size
        if self.strongs_open:
            self.run.strong += size

    # Elements

    cdef inline str tag_of(self, xmlNode* node):
        if node.ns == NULL:
            return decoded(<const char*> node.name, strlen(<const char*> node.name))
        return etree.namespacedName(node)

    cdef int element(self, xmlNode* node, Py_ssize_t parent, Py_ssize_t depth, int list_depth,
                     bint ordered, bint quoted, str words) except -1:
        """Walk a block-level element."""
        cdef str tag = self.tag_of(node)
        cdef Py_ssize_t order = len(self.places)
        cdef object place = PLACE_TYPE.__new__(PLACE_TYPE)
        cdef Sums* larger
        cdef bint main
        place.element = etree.elementFactory(self.document, node)
        place.tag = "div" if tag in BOXES else tag
        if "heading" in words and tag not in HEADED:
            place.tag = heading_of(place.element) or place.tag
        place.parent = self.places[parent] if parent >= 0 else None
        place.depth = depth
        place.order = order
        place.words = words
        place.classes = self.classes
        self.places.append(place)
        if order >= self.sums_room:
            larger = <Sums*> realloc(self.sums, 2 * self.sums_room * sizeof(Sums))
            if larger == NULL:
                raise MemoryError
            self.sums, self.sums_room = larger, 2 * self.sums_room
        self.sums[order] = Sums(parent, 0, 0, 0, 0, 0)
        if tag == "ul" or tag == "ol":
            list_depth += 1
            ordered = tag == "ol"
        elif tag == "blockquote":
            quoted = True
        elif tag == "pre":
            self.preformatted(order, list_depth, ordered, quoted)
            return 0
        main = tag == "article" or tag == "main"
        self.inside += main
        self.children(node, order, depth, list_depth, ordered, quoted)
        self.inside -= main
        if self.run.length or self.run.images:
            self.close(order, list_depth, ordered, quoted)
        return 0

    cdef int children(self, xmlNode* node, Py_ssize_t place, Py_ssize_t depth, int list_depth,
                      bint ordered, bint quoted) except -1:
        cdef xmlNode* child = node.children
        cdef int kind, breaks = 0
        cdef str tag
        self.text(child)
        while child != NULL:
            if not is_child(child):
                child = child.next
                continue
            kind, tag = NO_TEXT, None
            if child.type == XML_ELEMENT_NODE:
                tag = self.tag_of(child)
                kind = KINDS.get(tag, BLOCK)
                if kind == MAY_OPEN and not self.is_hidden(child) and self.holds_text(child, tag):
                    kind = BLOCK
            if IN_LINE <= kind <= EXPLAINS:
                if child.properties == NULL or not self.is_hidden(child):
                    self.inlined(child, kind, place, depth, list_depth, ordered, quoted)
                breaks = 0
            elif kind == BREAK:
                breaks += 1
                if breaks > 1:
                    self.close(place, list_depth, ordered, quoted)
                else:
                    self.add(b" ", 1)
                    self.run.breaks.append(self.run.length)
                if self.text(child.next):
                    breaks = 0
                child = child.next
                continue
            elif kind == MAY_OPEN:
                if tag == "noscript":
                    self.silent(child, place)
            elif kind == RULE:
                self.close(place, list_depth, ordered, quoted)
            elif (kind == BLOCK and depth < DEEPEST and len(self.blocks) < MOST
                    and len(self.places) < MOST_PLACES):
                if not ((child.properties != NULL and self.is_hidden(child))
                        or (tag == "header" and not self.inside and not has_heading(child)
                            and not self.holds_text(child, tag))):
                    if self.run.length or self.run.images:
                        self.close(place, list_depth, ordered, quoted)
                    self.element(child, place, depth + 1, list_depth, ordered, quoted,
                                 self.words(child))
                    breaks = 0
            self.text(child.next)
            child = child.next
        return 0

    cdef bint holds_text(self, xmlNode* node, str tag) except -1:
        """Whether furniture holds so much text that it is walked; how much is noted if not."""
        cdef Py_ssize_t said = said_in(node)
        if 0 < self.limit <= said:
            return True
        if tag == "footer":
            self.footed = max(self.footed, said)
        else:
            self.passed = max(self.passed, said)
        return False

    cdef int inlined(self, xmlNode* node, int kind, Py_ssize_t place, Py_ssize_t depth,
                     int list_depth, bint ordered, bint quoted) except -1:
        cdef Py_ssize_t opened = len(self.open)
        cdef str span = None
        cdef object url = None
        cdef xmlAttr* attr
        cdef Py_ssize_t* larger
        if kind == IMAGE:
            image = etree.elementFactory(self.document, node)
            self.run.images.append(image)
            self.images.append((image, self.places[place], len(self.blocks)))
            return 0
        if kind == ANCHOR:
            attr = attribute(node, b"href")
            if attr != NULL:
                url = value_of(node, attr)
                if url:
                    span = "link"
        elif kind == EMPHASISED:
            span = "emphasis"
        elif kind == STRONG:
            span = "strong"
        if kind == TIME:
            self.run.timed = True
        elif kind == EXPLAINS:
            self.explains = self.explains or attribute(node, b"title") != NULL
        elif span is None and node.properties != NULL and self.signs(node):
            span = "author"
        if span is not None:
            if opened >= self.begun_room:
                larger = <Py_ssize_t*> realloc(self.begun, 2 * self.begun_room * sizeof(Py_ssize_t))
                if larger == NULL:
                    raise MemoryError
                self.begun, self.begun_room = larger, 2 * self.begun_room
            self.begun[opened] = self.run.length
            self.open.append((span, url))
            self.links_open += span == "link"
            self.strongs_open += span == "strong"
        if depth < DEEPEST:
            self.children(node, place, depth + 1, list_depth, ordered, quoted)
        else:
            self.text(node.children)
        if span is not None:
            self.open.pop()
            self.links_open -= span == "link"
            self.strongs_open -= span == "strong"
            if len(self.run.spans) < MARKED:
                self.run.spans.append((self.begun[opened], self.run.length, span, url))
        return 0

    cdef int silent(self, xmlNode* node, Py_ssize_t place) except -1:
        """Pictures that are loaded late stand in full only in ``noscript``."""
        for image in etree.elementFactory(self.document, node).iter("img"):
            self.run.images.append(image)
            self.images.append((image, self.places[place], len(self.blocks)))
        return 0

    cdef int preformatted(self, Py_ssize_t place, int list_depth, bint ordered,
                          bint quoted) except -1:
        cdef str text = "".join(self.places[place].element.itertext()).strip("\n").rstrip()
        if text.strip():
            self.block(place, "pre", text, 0, 0, [], list_depth, ordered, quoted, [], False,
                       [])
        return 0

    cdef int close(self, Py_ssize_t place, int list_depth, bint ordered, bint quoted) except -1:
        """End the run of inline text, which becomes a block if it says anything."""
        cdef Run run = self.run
        cdef Py_ssize_t i, length, opened = len(self.open)
        cdef str text
        if not run.length and not run.images and not opened:
            return 0
        if run.length:
            text = decoded(run.data, run.size).rstrip()
            length = len(text)
            if length and len(self.blocks) < MOST:
                for i in range(opened):
                    span, url = self.open[i]
                    run.spans.append((min(self.begun[i], run.length), run.length, span, url))
                self.block(
                    place, self.places[place].tag, text, min(run.linked, length),
                    min(run.strong, length),
                    [(start, min(end, length), span, url) for start, end, span, url in run.spans
                     if start < length and end > start],
                    list_depth, ordered, quoted, run.images, run.timed,
                    [at for at in run.breaks if 0 < at < length],
                )
        for i in range(opened):
            self.begun[i] = 0
        run.begin()
        return 0

    cdef int block(self, Py_ssize_t place, str tag, str text, Py_ssize_t linked, Py_ssize_t strong,
                   list spans, int list_depth, bint ordered, bint quoted, list images,
                   bint timed, list breaks) except -1:
        cdef object block = BLOCK_TYPE.__new__(BLOCK_TYPE)
        cdef Sums* sums = &self.sums[place]
        block.place = self.places[place]
        block.tag = tag
        block.text = text
        block.linked = linked
        block.strong = strong
        block.spans = spans
        block.list_depth = list_depth
        block.ordered = ordered
        block.quoted = quoted
        block.images = images
        block.order = len(self.blocks)
        block.timed = timed
        block.breaks = breaks
        block.words = words_of((text if len(text) <= COMPARED else text[: COMPARED]).lower())
        self.blocks.append(block)
        sums.chars += len(text)
        sums.linked += linked
        sums.paragraphs += tag == "p" and len(text) > 40
        sums.blocks += 1
        sums.commas += text.count(",")
        return 0

    cdef int sum_up(self) except -1:
        """Give each place what lies below it in all; each comes after what holds it."""
        cdef Py_ssize_t i
        cdef Sums* own
        cdef Sums* above
        for i in range(len(self.places) - 1, -1, -1):
            own = &self.sums[i]
            if own.parent >= 0:
                above = &self.sums[own.parent]
                above.chars += own.chars
                above.linked += own.linked
                above.paragraphs += own.paragraphs
                above.blocks += own.blocks
                above.commas += own.commas
            place = self.places[i]
            place.chars = own.chars
            place.linked = own.linked
            place.paragraphs = own.paragraphs
            place.blocks = own.blocks
            place.commas = own.commas
        return 0


cdef dict attributes(xmlNode* node):
    cdef dict said = {}
    cdef xmlAttr* attr = node.properties
    while attr != NULL:
        if attr.ns == NULL:
            said[decoded(<const char*> attr.name, strlen(<const char*> attr.name))] = value_of(node, attr)
        attr = attr.next
    return said


def found(etree._Element root not None, tags, told):
    """{tag: its elements in the page's order} of these ``tags``, in one pass over the tree.

    Of those that are ``told`` only the attributes, {name: value}.
    """
    cdef dict by_tag = {tag: [] for tag in tags}
    cdef xmlNode* node = root._c_node
    cdef list names = [(<str> tag).encode() for tag in by_tag]
    cdef bytes name
    while True:
        if node.type == XML_ELEMENT_NODE:
            if node.ns == NULL:
                for name in names:
                    if strcmp(<const char*> node.name, <const char*> name) == 0:
                        tag = decoded(<const char*> name, len(name))
                        (<list> by_tag[tag]).append(
                            attributes(node) if tag in told
                            else etree.elementFactory(root._doc, node)
                        )
                        break
            if node.children != NULL:
                node = node.children
                continue
        while node != root._c_node and node.next == NULL:
            node = node.parent
        if node == root._c_node:
            return by_tag
        node = node.next


def is_clean(const unsigned char[::1] data not None):
    """Whether no byte is a control character, tabs and line ends aside."""
    cdef Py_ssize_t i
    cdef int bad = 0
    cdef unsigned char c
    for i in range(data.shape[0]):
        c = data[i]
        bad |= ((c < 32) & (c != 9) & (c != 10) & (c != 13)) | (c == 127)
    return not bad


cdef inline bint goes_on(unsigned char c) noexcept nogil:
    return c & 0xC0 == 0x80


def is_utf8(const unsigned char[::1] data not None):
    """Whether the bytes are UTF-8 (The Unicode Standard, table 3-7); nothing is decoded."""
    cdef Py_ssize_t i = 0, size = data.shape[0]
    cdef const unsigned char* at
    cdef unsigned long long eight
    cdef unsigned char c, second
    if size == 0:
        return True
    at = &data[0]
    while i < size:
        while size - i >= 8:
            memcpy(&eight, at + i, 8)
            if eight & 0x8080808080808080ULL:
                break
            i += 8
        if i == size:
            break
        c = at[i]
        if c < 0x80:
            i += 1
            continue
        if c < 0xC2 or c > 0xF4 or i + 1 >= size:
            return False
        second = at[i + 1]
        if not goes_on(second):
            return False
        if c < 0xE0:
            i += 2
            continue
        # Neither longer than need be, nor half of a pair, nor beyond the last character.
        if (c == 0xE0 and second < 0xA0) or (c == 0xED and second > 0x9F):
            return False
        if (c == 0xF0 and second < 0x90) or (c == 0xF4 and second > 0x8F):
            return False
        if i + 2 >= size or not goes_on(at[i + 2]):
            return False
        if c < 0xF0:
            i += 3
            continue
        if i + 3 >= size or not goes_on(at[i + 3]):
            return False
        i += 4
    return True


cdef inline bint is_blank(unsigned char c) noexcept nogil:
    return c == 32 or c == 9 or c == 10 or c == 12 or c == 13


cdef Py_ssize_t past(const unsigned char* data, Py_ssize_t at, Py_ssize_t size, const char* word) noexcept nogil:
    """The place after the next ``word``, which is lower case, in any case; ``size`` where there is none."""
    cdef const unsigned char* hit
    cdef Py_ssize_t length = strlen(word)
    while at < size:
        hit = <const unsigned char*> memchr(data + at, word[0], size - at)
        if hit == NULL:
            return size
        at = hit - data
        if size - at >= length and begins(<const char*> hit, word):
            return at + length
        at += 1
    return size


# Elements whose content is no markup.
cdef tuple RAW = (b"script", b"style", b"textarea", b"title", b"xmp", b"iframe", b"noembed", b"noframes")


def surplus(bytes page not None, Py_ssize_t most):
    """(start, end) of what stands in a tag after its first ``most`` attributes, for each such tag."""
    cdef const unsigned char* data = page
    cdef const unsigned char* hit
    cdef Py_ssize_t size = len(page), at = 0, name, count, cut
    cdef unsigned char quote
    cdef list spans = []
    while at < size:
        hit = <const unsigned char*> memchr(data + at, b"<", size - at)
        if hit == NULL:
            break
        at = hit - data + 1
        if size - at >= 3 and data[at] == b"!" and data[at + 1] == b"-" and data[at + 2] == b"-":
            at = past(data, at + 1, size, b"-->")
            continue
        if at >= size or not 97 <= (data[at] | 32) <= 122:
            continue
        name = at
        while at < size and not is_blank(data[at]) and data[at] != b"/" and data[at] != b">":
            at += 1
        raw = None
        if 3 <= at - name <= 8:
            for one in RAW:
                if at - name == len(one) and begins(<const char*> data + name, <const char*> one):
                    raw = b"</" + one
                    break
        count, cut = 0, -1
        while at < size and data[at] != b">":
            if is_blank(data[at]) or data[at] == b"/":
                at += 1
                continue
            if count == most:
                cut = at
            count += 1
            at += 1
            while at < size and not is_blank(data[at]) and data[at] != b"/" and data[at] != b">" and data[at] != b"=":
                at += 1
            while at < size and is_blank(data[at]):
                at += 1
            if at >= size or data[at] != b"=":
                continue
            at += 1
            while at < size and is_blank(data[at]):
                at += 1
            if at >= size:
                break
            quote = data[at]
            if quote == 34 or quote == 39:
                hit = <const unsigned char*> memchr(data + at + 1, quote, size - at - 1)
                at = size if hit == NULL else hit - data + 1
            else:
                while at < size and not is_blank(data[at]) and data[at] != b">":
                    at += 1
        if cut >= 0:
            spans.append((cut, at))
        if raw is not None:
            at = past(data, at, size, raw)
    return spans
