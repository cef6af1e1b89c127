"""Words around names in bylines, in the languages of large presses, and what reads as a name."""

from __future__ import annotations

import re

# News agencies, which sign beside a paper's own people, or alone.
AGENCIES = frozenset(
    (
        "afp ap reuters dpa efe ansa apa ats sda keystone-sda belga anp tt ntb ritzau stt pap ctk čtk "
        "lusa tass interfax ukrinform xinhua kyodo jiji yonhap pti ians ani bernama antara aap cp upi "
        "epd kna sid europapress bloomberg kathpress adnkronos agi lapresse mti tanjug hina sta fena "
        "tasr agerpres bta mia anadolu aa dha iha irna wam spa mena wafa qna sana petra bna cna nna "
        "тасс интерфакс риа укринформ 新华社 新華社 共同通信 時事通信 中央社 连合通讯社 연합뉴스 뉴시스 뉴스1"
    ).split()
) | {"associated press", "the associated press", "press association", "agence france-presse"}
PARTICLES = frozenset(
    (
        "de du des da di del della dello dei delle dal dalla degli do dos das van von der den ter ten te "
        "la le lo el al bin ibn bint ben y e i zu 't d' af v. оглы кызы"
    ).split()
)
# What joins two names, where a name stands on each side of it.
_JOINTS = (
    "and et und sowie y e i og och en ve və va ja és şi și si dan và và a u ir un in kaj eta agus dhe con "
    "mit with avec plus och na و اور और এবং ও आणि र અને ਅਤੇ மற்றும் మరియు ಮತ್ತು และ 和 与 與 及 と "
    "и і та й да და և እና และ និង ແລະ และ και ו"
).split()
# Of these the single letters, and those that also stand within one person's name.
_WITHIN_A_NAME = frozenset("y e i en a u in dan na si con va da й ja un".split())
_BETWEEN = r"\s*,?\s+(?:{}|im gespräch mit|in conversation with)\s+|\s*[&+＆]\s+|\s+[&+＆]\s*|\s*·\s+|\s+·\s*|\s*[/／]\s*"


def _joint(words: list[str]) -> re.Pattern[str]:
    return re.compile("(" + _BETWEEN.format("|".join(map(re.escape, words))) + ")", re.IGNORECASE)


JOINT = _joint(_JOINTS)
# As above, for a value that already is one person's name as a rule.
SURE_JOINT = _joint([word for word in _JOINTS if word not in _WITHIN_A_NAME])
# Scripts without spaces, and the Arabic and Hebrew "and", which is written as part of the next word.
UNSPACED_JOINT = re.compile(
    r"(?<=[\u4e00-\u9fff]{2})([和与與及])(?=[\u4e00-\u9fff]{2,4}$)|(?<=[\u0e00-\u0e7f])(\s*และ\s*)(?=[\u0e00-\u0e7f])"
    r"|(?<=[가-힣]{2})([·・])(?=[가-힣]{2})"
)
ATTACHED_JOINT = re.compile(r"(\s+و)(?=[\u0621-\u064a]{2})|(\s+ו)(?=[\u05d0-\u05ea]{2})")
_BEGIN_WITH_WAW = frozenset(
    "وليد وائل وسام وسيم وفاء وحيد وجدي وجيه وداد وديع ولاء وهيب وهبة وردة وصال وضاح ורד ויקטור ויקי ונסה ולדימיר".split()
)

ROLES = (
    r"(?:chief|senior|staff|guest|contributing|associate|deputy|managing|executive|lead|special|foreign|political"
    r"|diplomatic|digital|freelance|assistant)?\s*(?:correspondents?|reporters?|editors?|writers?|columnists?"
    r"|contributors?|producers?|reviewers?|bloggers?|staff|newsroom|author|professors?|lecturers?|fellow|analysts?"
    r"|researchers?|strategists?|directors?|specialist|educator|dietitian|bureau chief|photographers?|anchor|presenter|host"
    r"|journalist\w*|redakt\w+|korrespond\w+|correspondante?s?|rédact\w+|envoyée?s?|journaliste?n?\w*|chroniqueu\w+"
    r"|corresponsal\w*|enviad[oa]s?|redactor\w*|periodista\w*|colaborador\w*|giornalist\w+|inviat[oa]|redattor\w+"
    r"|corrispondente|repórter|jornalistas?|colunista|editora|verslaggever|redacteur|journalisten?|reportrar|reporterin?"
    r"|dziennikar\w+|korespondent\w*|redaktor\w*|muhabir\w*|yazar\w*|корреспондент\w*|журналист\w*|редактор\w*"
    r"|обозреватель|кореспондент\w*|журналістк?\w*|δημοσιογράφος|مراسل\w*|صحفي\w*|محرر\w*|संवाददाता|पत्रकार"
    r"|기자|특파원|논설위원|記者|记者|編集委員|特派員|通讯员|wartawan|phóng viên|toimittaja|újságíró|novinář\w*|[\w-]*experten?|\w*leiter(?:in)?)"
)
ROLE = re.compile(rf"(?:^|(?<=[^\w-])){ROLES}(?!\w)", re.IGNORECASE)
# What stands between a name and its role.
_MODIFIER = frozenset(
    (
        "chief senior staff guest contributing associate deputy managing executive lead special foreign "
        "political diplomatic digital freelance assistant business science health sports sport news bureau "
        "national world tech technology culture arts environment economics education legal crime data "
        "multimedia bbc cnn ap afp reuters the our a an"
    ).split()
)
HOUSE = re.compile(
    r"(?:^|(?<=\W))(?:news(?:room|desk|wire)?|times|press|media|group|inc|ltd|llc|gmbh|ag|se|corp\w*|company|co|e\.?v|bureau"
    r"|agenc(?:y|ies|e|ia)|agentur(?:en)?|agenzia|presse|department|cent(?:er|re)|institute?|university|ministry|ministerium|office|association"
    r"|society|council|committee|commission|foundation|team|staff|editors?|editorial|redaktion|rédaction|redaction"
    r"|redacción|redazione|redação|redactie|redakcja|redakce|toimitus|редакция|редакція|编辑部|編集部|편집국|sons"
    r"|online|desk|magazine|publishing|studios?|network|services?|admin|kitchens?|www)(?!\w)|\.(?:com?|de|org|net|at|ch|fr|it|uk|jp|pl)\b",
    re.IGNORECASE,
)
SUFFIX = re.compile(
    r"(?:Ph\.?\s?D|M\.?D|M\.?B\.?A|C\.?P\.?A|CF[APE]|CEPF|R\.?[DN]N?|J\.?D|Esq|Jr|Sr|I{2,3}|IV|D\.?D\.?S|DVM|DO|M\.?Sc?|B\.?Sc?"
    r"|M\.?A|B\.?A|M\.?P\.?H|LDN|LCSW|FACS|FOMA|DABOM|OBE|MBE|CBE|MP|QC|KC|SMT)\.?®?",
)
# What begins the part of a byline that names who took the pictures.
PICTURED = (
    r"(?:photo(?:graph)?s?|photography|fotos?|pictures?|images?|bilder|illustrations?|video|fotografías?|immagini)"
    r"\s*(?:by|von|par|de|di|:|：)"
)
CREDIT = re.compile(
    r"^\W*(?:©|\(c\)|(?:photo|photograph|foto|image|picture|bild|illustration|ilustra\w+|illustrat\w+|grafik|graphic|video|kamera|camera|fotograf"
    r"|crédit|credit|ilustrator|zdjęcie|снимок|фото|写真|摄影|攝影|图|사진|撮影)[\w/]*(?:\s+(?:by|von|par|credit))?\b)|getty images|shutterstock|istock|unsplash",
    re.IGNORECASE,
)
# Who did not write it: named only where nobody else is.
_SECOND = re.compile(
    r"^(?:(?:medically |fact[- ])?(?:edited|reviewed|translated|checked|updated|curated|compiled)(?: and \w+)? by|editing by|additional reporting by"
    r"|edited|übersetz\w+|traduit|traducción|责任编辑|責任編輯|责编|编辑|編輯)\b",
    re.IGNORECASE,
)
_MOST_WORDS = 9
_NO_CASE = re.compile(r"[^\W\d_A-Za-z\u00aa-\u024f\u0370-\u058f\u10a0-\u10ff\u1e00-\u1fff]")
_CJK = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7a3·・]+")


def is_second(text: str) -> bool:
    """Return whether a text says who edited or translated, not who wrote."""
    return _SECOND.match(text) is not None


def is_agency(name: str) -> bool:
    """Return whether a name is a news agency's."""
    return name.casefold() in AGENCIES


def is_house(name: str) -> bool:
    """Return whether a name reads as that of an organisation or a desk."""
    return is_agency(name) or HOUSE.search(name) is not None


def is_role(text: str) -> bool:
    """Return whether a part of a byline says what a person is, or where, and not a name."""
    first = text[:1]
    if is_agency(text):
        return False
    return (
        (first.isalpha() and first.islower() and text.split(maxsplit=1)[0] not in PARTICLES)
        or ROLE.search(text) is not None
        or text.split(maxsplit=1)[0].casefold()
        in ("for", "at", "in", "of", "from", "special", "en", "bei", "aus")
    )


def without_role(name: str) -> str:
    """``name`` without a role after it: "Ann Dale Senior Health Reporter"."""
    for match in ROLE.finditer(name):
        words = name[: match.start()].split()
        while len(words) > 2 and words[-1].casefold() in _MODIFIER:
            words.pop()
        if reads_as_name(" ".join(words)) and (len(words) > 1 or _NO_CASE.match(words[0])):
            return " ".join(words)
        after = name[match.end() :].strip()
        # "Staff Writer Ann Dale", "the paper's expert Ann Dale"
        if len(after.split()) > 1 and reads_as_name(after):
            return after
    return name


def reads_as_name(text: str) -> bool:
    """Whether a text reads as the name of a person or an agency, so that another may follow."""
    words = text.split()
    if not words or len(words) > _MOST_WORDS or any(c.isdigit() for c in text):
        return False
    if is_agency(text) or (
        len(words) == 1 and text.isascii() and text.isupper() and 2 <= len(text) <= 6
    ):
        return True
    if ROLE.search(text) or HOUSE.search(text):
        return False
    if _CJK.fullmatch("".join(words)):
        return 2 <= len("".join(words)) <= 12
    if _NO_CASE.match(text):
        return len(words) > 1 or "\u0e00" <= text[0] <= "\u0e7f"
    return len(words) > 1 and all(
        not word[0].islower() or word in PARTICLES or word[:2] in ("d'", "d’") for word in words
    ) and words[-1] not in PARTICLES  # fmt: skip


def is_of_the_east(text: str) -> bool:
    """Return whether a text is written in Chinese, Japanese or Korean signs alone."""
    return _CJK.fullmatch("".join(text.split())) is not None


def starts_with_waw(word: str) -> bool:
    """Return whether an Arabic or Hebrew name begins with the letter that also means "and"."""
    return word in _BEGIN_WITH_WAW
