# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False, cdivision=True
"""The rows of ``features.py``, compiled: the same numbers to the bit.

``features.py`` says what each column means and counts them itself where no compiler was at hand;
``test_compiled.py`` holds both to the same rows.
"""

from libc.math cimport log1p, rint
from libc.stdlib cimport calloc, free, malloc
from libc.string cimport memcpy, memset

import numpy as np

from crawler.extraction.blocks import sections, vocabulary
from crawler.extraction.body import features
from crawler.extraction.blocks.class_groups import groups_of, _group_cache

# That of features.py at which this was written.
VERSION = 3

cdef Py_ssize_t OWN = len(features._OWN)
cdef Py_ssize_t TAGS = len(features._TAGS) + 1
cdef Py_ssize_t SECTIONS = len(features._SECTIONS)
cdef Py_ssize_t GROUPS = len(features.GROUPS)
cdef Py_ssize_t PLACE = len(features._PLACE)
cdef Py_ssize_t POSITION = len(features._POSITION)
cdef Py_ssize_t SECTION = len(sections.NAMES)
cdef Py_ssize_t WIDTH = len(features.NAMES)
cdef Py_ssize_t KINDS = SECTIONS + GROUPS

cdef dict TAG_CODES = features._TAG_CODES
cdef dict SECTION_INDEX = features._SECTION_INDEX
cdef frozenset SIGNING = vocabulary.SIGNING
cdef frozenset FURNITURE = vocabulary.FURNITURE
cdef frozenset CREDITS = vocabulary.CREDITS
cdef str ENDS = "".join(features._ENDS)
cdef str CLOSING = features._CLOSING
cdef dict KNOWN = _group_cache
cdef object has_date = features._DATE.search
cdef float[:, ::1] TAG_ROWS = features._TAG_ROWS
cdef float[::1] NEARNESS = features._NEARNESS
cdef int NOWHERE = features._NOWHERE
cdef Py_ssize_t COMPARED = features._COMPARED
cdef tuple WIDE_FURNITURE = vocabulary.WIDE_FURNITURE
cdef double WIDER = features.WIDER, WIDE_WORDS = features.WIDE_WORDS
cdef double RUN_ON_WORDS = features.RUN_ON_WORDS
cdef dict LEVELS = sections.LEVELS
cdef Py_ssize_t FURNITURE_COLUMN = features._FURNITURE_COLUMN, FAR = sections.FAR
cdef tuple OFFSETS = features._OFFSETS
# Of a block's own columns those that its neighbours are told.
cdef tuple TOLD = tuple(features._OWN.index(name) for name in features._NEIGHBOUR)


cdef inline bint holds(str signs, Py_UCS4 sign):
    cdef Py_UCS4 one
    for one in signs:
        if one == sign:
            return True
    return False


cdef class Rows:
    """The features of one page's blocks while they are counted."""

    cdef list blocks
    cdef object context
    cdef Py_ssize_t count, orders
    # How many letters of a script with spaces a sign of the page is worth, and what that is of.
    cdef double scale
    cdef Py_ssize_t widths, signs
    # Where the headline stands, -1 where nowhere, and the place with most paragraph text.
    cdef Py_ssize_t named
    cdef object best
    # Of blocks of the same tag and words: how many there are, and their characters.
    cdef dict kinds, kind_chars
    cdef float[:, ::1] out
    cdef object rows
    # By the order of a place: its steps to each kind of ancestor, and whether they are counted.
    cdef unsigned char* steps
    cdef char* counted

    def __init__(self, blocks, context):
        self.blocks, self.context = list(blocks), context
        self.count = len(self.blocks)
        self.rows = np.zeros((self.count, WIDTH), dtype=np.float32)
        self.out = self.rows
        self.orders = 1 + max([<Py_ssize_t> block.place.order for block in self.blocks])
        self.steps = <unsigned char*> malloc(self.orders * KINDS)
        self.counted = <char*> calloc(self.orders, 1)
        if self.steps == NULL or self.counted == NULL:
            raise MemoryError

    def __dealloc__(self):
        free(self.steps)
        free(self.counted)

    def filled(self):
        cdef Py_ssize_t i, k
        cdef float[:, ::1] out = self.out
        cdef Py_ssize_t code
        for i in range(self.count):
            block = self.blocks[i]
            self.own(block, i)
            code = TAG_CODES.get(block.tag, TAGS - 1)
            for k in range(TAGS):
                out[i, OWN + k] = TAG_ROWS[code, k]
            self.nearness(block.place, i)
        self.scale = <double> self.widths / <double> self.signs
        k = OWN + TAGS + SECTIONS + 3 * GROUPS
        self.placing(k)
        self.position(k + PLACE)
        self.section(k + PLACE + POSITION)
        self.neighbours(k + PLACE + POSITION + SECTION)
        return self.rows

    cdef int own(self, block, Py_ssize_t row) except -1:
        cdef str text = block.text
        cdef Py_ssize_t chars = len(text)
        cdef Py_ssize_t seen = min(chars, 600)
        cdef Py_ssize_t i, spaces = 0, size = 0, commas = 0, digits = 0, upper = 0, quotes = 0
        cdef Py_ssize_t sentences = 0, at = 0, copyrights = 0, furniture = 0, credits = 0
        cdef Py_ssize_t wide = 0, run_on = 0, hangul = 0, width
        cdef Py_UCS4 c, before = 0, last
        cdef bint ends, signing = False
        cdef double count, stretch
        cdef float* out = &self.out[row, 0]
        cdef list words = block.words
        for i in range(seen):
            c = text[i]
            if c < 128:
                size += 1
                if 97 <= c <= 122:
                    pass
                elif c == 32:
                    spaces += 1
                    sentences += before == 46 or before == 63 or before == 33
                elif c == 44:
                    commas += 1
                elif 48 <= c <= 57:
                    digits += 1
                elif 65 <= c <= 90:
                    upper += 1
                elif c == 34:
                    quotes += 1
                elif c == 64:
                    at += 1
            else:
                # What "replace" makes of half a pair of surrogates is a question mark.
                size += 2 if c < 0x800 else 1 if 0xD800 <= c < 0xE000 else 3 if c < 0x10000 else 4
                if c == 0xA9:
                    copyrights += 1
                elif c == 0x3001 or c == 0xFF0C or c == 0x60C:
                    commas += 1
                elif c == 0x3002:
                    sentences += 1
                elif 0x3005 <= c <= 0x30FF or 0x3400 <= c <= 0x9FFF or 0xF900 <= c <= 0xFAFF:
                    wide += 1
                    quotes += c == 0x300C
                elif 0xAC00 <= c <= 0xD7AF:
                    hangul += 1
                elif 0xE00 <= c <= 0xEFF or 0x1000 <= c <= 0x109F or 0x1780 <= c <= 0x17FF:
                    run_on += 1
                elif c == 0xAB or c == 0x201C or c == 0x201D or c == 0x201E:
                    quotes += 1
            before = c
        for i in range(seen, chars):
            spaces += text[i] == 32
        stretch = <double> chars / <double> seen
        width = chars + <Py_ssize_t> (WIDER * wide * stretch)
        count = spaces + 1 + <Py_ssize_t> ((WIDE_WORDS * wide + RUN_ON_WORDS * run_on) * stretch)
        self.widths += width
        self.signs += chars
        if wide or hangul:
            sample = text[:600]
            for word in WIDE_FURNITURE:
                furniture += <Py_ssize_t> sample.count(word)
        c = text[0]
        i = chars - 1
        while i >= 0 and holds(CLOSING, text[i]):
            i -= 1
        last = text[i] if i >= 0 else text[chars - 1]
        ends = holds(ENDS, last)
        if words:
            signing = words[0] in SIGNING
            for i in range(min(<Py_ssize_t> len(words), 50)):
                word = words[i]
                furniture += word in FURNITURE
                credits += word in CREDITS
        out[0] = <float> log1p(<double> width)
        out[1] = <float> log1p(count)
        out[2] = <float> min(width / count, 40.0)
        out[3] = <float> (<double> <Py_ssize_t> block.linked / <double> chars)
        out[4] = <float> (<double> <Py_ssize_t> block.strong / <double> chars)
        out[5] = <float> (<double> commas / <double> size * 100)
        out[6] = ends
        out[7] = 1.0 if c.isupper() else 2.0 if c.islower() else 3.0 if c.isdigit() else 0.0
        out[8] = <float> (<double> digits / <double> size)
        out[9] = <float> (<double> upper / <double> size)
        out[10] = <float> quotes
        out[11] = <float> (sentences + ends)
        out[12] = digits > 0 and has_date(text if chars <= 600 else text[:600]) is not None
        out[13] = signing
        out[14] = <float> (furniture + at + copyrights)
        out[15] = <float> (credits + copyrights)
        out[16] = text[chars - 1] == 58 or text[chars - 1] == 0xFF1A
        out[17] = <float> <Py_ssize_t> len(block.images)
        out[18] = <float> <Py_ssize_t> block.list_depth
        out[19] = <bint> block.quoted
        return 0

    cdef unsigned char* steps_of(self, place) except NULL:
        """Steps from a place to its nearest ancestor of each kind; itself is none away."""
        cdef Py_ssize_t order = place.order
        cdef unsigned char* own = self.steps + order * KINDS
        cdef unsigned char* above
        cdef Py_ssize_t k
        cdef list pending = []
        while not self.counted[order]:
            pending.append(place)
            place = place.parent
            if place is None:
                break
            order = place.order
        for place in reversed(pending):
            order = place.order
            own = self.steps + order * KINDS
            if place.parent is None:
                memset(own, NOWHERE, KINDS)
            else:
                above = self.steps + <Py_ssize_t> place.parent.order * KINDS
                for k in range(KINDS):
                    own[k] = above[k] + (above[k] < NOWHERE - 1)
            section = SECTION_INDEX.get(place.tag)
            if section is not None:
                own[<Py_ssize_t> section] = 0
            words = place.words
            if words:
                groups = KNOWN.get(words)
                for group in groups_of(words) if groups is None else groups:
                    own[SECTIONS + <Py_ssize_t> group] = 0
            self.counted[order] = 1
        return own

    cdef int nearness(self, place, Py_ssize_t row) except -1:
        cdef unsigned char* steps = self.steps_of(place)
        cdef float* out = &self.out[row, OWN + TAGS]
        cdef Py_ssize_t k
        cdef float near
        for k in range(SECTIONS):
            out[k] = NEARNESS[steps[k]]
        out += SECTIONS
        for k in range(GROUPS):
            near = NEARNESS[steps[SECTIONS + k]]
            out[k] = near == 1.0
            out[GROUPS + k] = near if near >= 0.25 else 0.0
            out[2 * GROUPS + k] = near > 0
        return 0

    cdef int placing(self, Py_ssize_t column) except -1:
        cdef Py_ssize_t i, k, step
        cdef double total, paragraphs, best_chars
        cdef Py_ssize_t blocks[4]
        cdef double chars[4]
        cdef double linked[4]
        cdef double pars[4]
        cdef double commas[4]
        cdef float* out
        cdef dict rows = {}
        root = self.blocks[0].place
        while root.parent is not None:
            root = root.parent
        total = max(<Py_ssize_t> root.chars, 1)
        paragraphs = max(<Py_ssize_t> root.paragraphs, 1)
        self.best = best = self.best_place()
        best_chars = <Py_ssize_t> best.chars
        for i in range(self.count):
            place = self.blocks[i].place
            out = &self.out[i, column]
            known = rows.get(place.order)
            if known is not None:
                memcpy(out, &self.out[<Py_ssize_t> known, column], PLACE * sizeof(float))
                continue
            rows[place.order] = i
            node = place
            step = 0
            while True:
                if step == 0 or <Py_ssize_t> node.blocks > blocks[step - 1]:
                    blocks[step] = node.blocks
                    chars[step] = <Py_ssize_t> node.chars
                    linked[step] = <Py_ssize_t> node.linked
                    pars[step] = <Py_ssize_t> node.paragraphs
                    commas[step] = <Py_ssize_t> node.commas
                    step += 1
                node = node.parent
                if step == 4 or node is None:
                    break
            for k in range(step, 4):
                blocks[k], chars[k], linked[k] = blocks[k - 1], chars[k - 1], linked[k - 1]
                pars[k], commas[k] = pars[k - 1], commas[k - 1]
            out[0] = <float> <Py_ssize_t> place.depth
            for k in range(4):
                out[1 + k] = <float> (chars[k] / total)
            for k in range(3):
                out[5 + k] = <float> (linked[k] / max(chars[k], 1.0))
                out[8 + k] = <float> pars[k]
                out[11 + k] = <float> (pars[k] / paragraphs)
                out[16 + k] = <float> (chars[k] / <double> blocks[k] * self.scale)
            out[14] = <float> log1p(<double> blocks[0])
            out[15] = <float> log1p(<double> blocks[1])
            out[19] = <float> (commas[1] / max(chars[1], 1.0) * 100)
            out[20] = <float> (commas[2] / max(chars[2], 1.0) * 100)
            out[21] = <float> (best_chars / total)
            out[22] = <bint> place.lies_in(best)
            out[23] = <float> (pars[1] / max(<double> blocks[1], 1.0))
            out[24] = blocks[0] == 1
        return 0

    cdef object best_place(self):
        """The place with the most unlinked paragraph text right below it (or one step further)."""
        cdef dict scores = {}, places = {}
        cdef Py_ssize_t weight, score, most = 0
        best = None
        for block in self.blocks:
            weight = <Py_ssize_t> len(<str> block.text) - 2 * <Py_ssize_t> block.linked
            if weight * self.scale < 60:
                continue
            node = block.place.parent
            if node is None:
                node = block.place
            order = node.order
            scores[order] = scores.get(order, 0) + weight
            places[order] = node
            node = node.parent
            if node is not None:
                order = node.order
                # rint rounds as Python's round does, halves to the even.
                scores[order] = scores.get(order, 0) + <Py_ssize_t> rint(weight * 0.6)
                places[order] = node
        for order, total in scores.items():
            score = total
            if best is None or score > most:
                best, most = places[order], score
        return self.blocks[0].place if best is None else best

    cdef int position(self, Py_ssize_t column) except -1:
        cdef Py_ssize_t i, k, size, found, n = self.count
        cdef Py_ssize_t heading = -1, named = -1, before = 0, total = 0, order, previous = -1, following
        cdef double whole
        cdef list words, sizes = []
        cdef dict texts = {}, kinds = {}, kind_chars = {}
        cdef set body = self.context.body, description = self.context.description
        cdef set headline = self.context.headline, title = self.context.title
        cdef str text, h1 = ""
        cdef float* out
        cdef float share
        for i in range(n):
            block = self.blocks[i]
            text = block.text
            size = len(text)
            total += size
            if heading < 0 and block.tag == "h1":
                heading = i
            kind = (block.tag, block.place.classes)
            texts[text] = texts.get(text, 0) + 1
            kinds[kind] = kinds.get(kind, 0) + 1
            kind_chars[kind] = kind_chars.get(kind, 0) + size
        if heading >= 0:
            named = heading
        else:
            place = features.headline_at(self.blocks, self.context)
            named = -1 if place is None else place
        self.named, self.kinds, self.kind_chars = named, kinds, kind_chars
        if named >= 0:
            h1 = self.blocks[named].text.lower()
        whole = max(total, 1)
        for i in range(n):
            block = self.blocks[i]
            text, words = block.text, block.words
            kind = (block.tag, block.place.classes)
            order = block.order
            following = self.blocks[i + 1].order if i + 1 < n else order + 1
            size = len(words)
            share = 0.0
            if body and size:
                if size < 3:
                    share = 0.5
                else:
                    found = 0
                    for k in range(size - 2):
                        found += (words[k], words[k + 1], words[k + 2]) in body
                    share = <float> (<double> found / <double> (size - 2))
            out = &self.out[i, column]
            out[0] = <float> (<double> i / <double> n)
            out[1] = <float> (<double> before / whole)
            out[2] = <float> (<double> (total - before) / whole)
            out[3] = named >= 0 and i > named
            out[4] = <float> min(i - named, 60) if named >= 0 else -1.0
            out[5] = <float> <Py_ssize_t> texts[text]
            out[6] = <float> log1p(<double> <Py_ssize_t> kinds[kind])
            out[7] = <float> (<double> <Py_ssize_t> kind_chars[kind] / whole)
            out[8] = share
            out[9] = <bint> len(body)
            out[10] = shared(words, description)
            out[11] = shared(words, headline)
            out[12] = shared(words, title)
            # Lower case is never shorter, so the longer ones need no look.
            out[13] = <Py_ssize_t> len(text) <= <Py_ssize_t> len(h1) and text.lower() == h1
            out[14] = <float> log1p(<double> n)
            out[15] = <float> log1p(<double> total * self.scale)
            out[16] = <float> log1p(<double> (order - previous - 1))
            out[17] = <float> log1p(<double> (following - order - 1))
            previous = order
            before += len(text)
        return 0

    cdef int section(self, Py_ssize_t column) except -1:
        cdef Py_ssize_t i, n = self.count, since = -1, level = 0, like = 0, following = -1
        cdef Py_ssize_t count, chars, linked, steps
        cdef float furniture = 0.0
        cdef double total
        cdef dict kind_linked = {}, paths = {}, to_headline = {}, to_best = {}
        cdef list sums, ways = []
        cdef float* out
        for i in range(n):
            block = self.blocks[i]
            place = block.place
            kind = (block.tag, place.classes)
            kind_linked[kind] = kind_linked.get(kind, 0) + block.linked
            above = place.parent
            path = (*kind, "" if above is None else above.classes)
            ways.append(path)
            known = paths.get(path)
            if known is None:
                paths[path] = known = [0, 0, 0]
            sums = known
            sums[0] += 1
            sums[1] += len(<str> block.text)
            sums[2] += block.linked
        root = self.blocks[0].place
        while root.parent is not None:
            root = root.parent
        total = max(<Py_ssize_t> root.chars, 1)
        upwards(self.best, to_best)
        upwards(self.best if self.named < 0 else self.blocks[self.named].place, to_headline)
        for i in range(n - 1, -1, -1):
            self.out[i, column + 1] = <float> min(following - i, FAR) if following >= 0 else -1.0
            if self.blocks[i].tag in LEVELS:
                following = i
        for i in range(n):
            block = self.blocks[i]
            place = block.place
            kind = (block.tag, place.classes)
            count, chars, linked = self.kinds[kind], self.kind_chars[kind], kind_linked[kind]
            sums = paths[ways[i]]
            out = &self.out[i, column]
            out[0] = <float> min(i - since, FAR) if level else -1.0
            out[2] = <float> level
            out[3] = furniture
            out[4] = <float> log1p(<double> like)
            out[5] = <float> log1p(<double> chars / <double> count)
            out[6] = <float> (<double> linked / <double> chars)
            out[7] = <float> log1p(<double> <Py_ssize_t> sums[0])
            out[8] = <float> log1p(<double> <Py_ssize_t> sums[1] / <double> <Py_ssize_t> sums[0])
            out[9] = <float> (<double> <Py_ssize_t> sums[2] / <double> <Py_ssize_t> sums[1])
            out[10] = <float> (<double> <Py_ssize_t> root.linked / total)
            out[11] = <float> log1p(<double> <Py_ssize_t> root.paragraphs)
            way = apart(place, to_headline)
            steps = way[0]
            out[12] = <float> steps
            out[13] = <float> (<double> <Py_ssize_t> way[1] / total)
            steps = apart(place, to_best)[0]
            out[14] = <float> steps
            tag = block.tag
            if tag in LEVELS:
                since, level, like = i, LEVELS[tag], count
                furniture = self.out[i, FURNITURE_COLUMN]
        return 0

    cdef int neighbours(self, Py_ssize_t column) except -1:
        cdef Py_ssize_t i, j, k, n = self.count, width = len(TOLD), offset
        cdef float* out
        cdef list parents = []
        cdef Py_ssize_t[4] told
        for k in range(width):
            told[k] = TOLD[k]
        for block in self.blocks:
            above = block.place.parent
            parents.append(-1 if above is None else above.order)
        for offset in OFFSETS:
            for i in range(n):
                out = &self.out[i, column]
                j = i + offset
                if j < 0 or j >= n:
                    for k in range(width + 2):
                        out[k] = -1.0
                    continue
                for k in range(width):
                    out[k] = self.out[j, told[k]]
                out[width] = self.blocks[j].tag == "p"
                out[width + 1] = parents[i] == parents[j]
            column += width + 2
        return 0


cdef int upwards(place, dict known) except -1:
    """Fill in, for a place and all around it, that it is no step from what holds it."""
    while place is not None:
        known[place.order] = (0, place.chars)
        place = place.parent
    return 0


cdef tuple apart(place, dict known):
    """Steps up from a place to one of those known, and that one's characters."""
    found = known.get(place.order)
    if found is None:
        above = apart(place.parent, known)
        known[place.order] = found = (above[0] + 1, above[1])
    return found


cdef float shared(list words, set known) except? -1:
    cdef Py_ssize_t i, size = min(<Py_ssize_t> len(words), COMPARED), found = 0
    if not size or not known:
        return 0.0
    for i in range(size):
        found += words[i] in known
    return <float> (<double> found / <double> size)


def matrix(blocks, context):
    """As ``features.matrix``, for at least one block."""
    return Rows(blocks, context).filled()
