"""The words of the demonstration: an agency for harbours, its directory, and a town's newspaper.

Every name, place and event is invented.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

AGENCY = "Amarrage, dépêches portuaires"
PAPER = "The Saltmarsh Courier"
ATTACHMENT = "/fr/fichiers/4127/schema-directeur-quai-vert.pdf"
_PARIS = ZoneInfo("Europe/Paris")
_LONDON = ZoneInfo("Europe/London")


def _pdf(lines: tuple[str, ...]) -> bytes:
    """A one-page PDF of these lines (ISO 32000-1, 7.5: objects, cross-reference table, trailer)."""
    shown = "".join(f"({line}) Tj 0 -18 Td " for line in lines)
    stream = f"BT /F1 12 Tf 40 740 Td {shown}ET".encode("latin-1")
    objects = (
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R"
        b"/Resources<</Font<</F1 5 0 R>>>>>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(stream), stream),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>",
    )
    out, offsets = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj%s endobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    return out + b"xref\n0 %d\n0000000000 65535 f \n%strailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (
        len(objects) + 1, table, len(objects) + 1, len(out))  # fmt: skip


PDF = _pdf(("Plan des quais et des postes d'amarrage", "Note technique, tirant d'eau et marnage"))


@dataclass(frozen=True, slots=True)
class Dispatch:
    """A numbered item of the agency; ``[[names]]`` in its text are links to the directory."""

    number: int
    slug: str
    kind: str
    place: str
    at: datetime
    headline: str
    standfirst: str
    text: tuple[str, ...]
    related: tuple[int, ...] = ()
    directory: tuple[int, ...] = ()
    attachment: bool = False

    @property
    def path(self) -> str:
        """Its address."""
        return f"/fr/depeche/{self.number}/{self.slug}.html"


@dataclass(frozen=True, slots=True)
class Entry:
    """A person, organisation or term of the agency's directory."""

    number: int
    slug: str
    kind: str
    short: str
    name: str
    text: str

    @property
    def path(self) -> str:
        """Its address."""
        folder = "lexique" if self.kind == "Lexique" else "annuaire"
        return f"/fr/{folder}/{self.number}/{self.slug}.html"


@dataclass(frozen=True, slots=True)
class Story:
    """An article of the newspaper."""

    slug: str
    section: str
    author: str
    at: datetime
    headline: str
    standfirst: str
    text: tuple[str, ...]

    @property
    def path(self) -> str:
        """Its address."""
        return f"/{self.section.lower()}/{self.at:%Y/%m/%d}/{self.slug}"


ENTRIES = (
    Entry(31, "maelle-kervadec", "Personne", "Maëlle Kervadec", "Maëlle Kervadec",
          "Directrice du port de Brisemer depuis 2024, ingénieure hydrographe de formation."),
    Entry(32, "aurelien-dastugue", "Personne", "Aurélien Dastugue", "Aurélien Dastugue",
          "Président du syndicat des remorqueurs de l'estuaire."),
    Entry(58, "port-de-brisemer", "Organisation", "port de Brisemer", "Port de Brisemer",
          "Établissement public qui exploite les quais, les écluses et la zone logistique de "
          "Brisemer. 412 agents, 3,1 millions de tonnes par an."),
    Entry(59, "observatoire-des-marees", "Organisation", "ODM", "Observatoire des marées",
          "Organisme de recherche qui mesure les niveaux d'eau de l'estuaire et en publie les "
          "prévisions."),
    Entry(7, "gnl", "Lexique", "GNL", "Gaz naturel liquéfié",
          "Gaz naturel refroidi à -162 °C pour le transport maritime."),
    Entry(8, "evp", "Lexique", "EVP", "Équivalent vingt pieds",
          "Unité de mesure des conteneurs : un conteneur de vingt pieds."),
)  # fmt: skip

DISPATCHES = (
    Dispatch(
        4127, "quai-vert-brisemer-electricite-escales", "Projet", "Brisemer",
        datetime(2026, 3, 12, 14, 35, tzinfo=_PARIS),
        "Quai vert : à Brisemer, les navires éteindront leurs moteurs à l'escale (48 M€)",
        "Le [[port de Brisemer]] raccordera ses quatre postes à quai au réseau électrique d'ici à "
        "2029, a annoncé sa directrice [[Maëlle Kervadec]] le 11 mars 2026. « Un navire à l'escale "
        "consomme autant qu'un bourg de mille habitants », explique-t-elle.",
        (
            "## Quatre postes, deux sous-stations",
            "Le chantier commencera par le poste des ferries, le plus proche des habitations. Deux "
            "sous-stations de 10 mégawatts seront construites sur l'ancien parc à bois, que le port "
            "possède depuis 1998. Les travaux ne fermeront aucun poste plus de six semaines.",
            "Les navires qui brûlent du [[GNL]] pourront s'en servir aussi : leurs groupes "
            "s'arrêtent en onze minutes, selon les essais menés cet hiver avec l'[[ODM]].",
            "## Ce que paieront les armateurs",
            "- une redevance de raccordement, gratuite les deux premières années ;\n"
            "- l'électricité au prix de gros, augmenté de 4 % pour l'entretien ;\n"
            "- rien pour les remorqueurs, que représente [[Aurélien Dastugue]].",
            "« Nous serons les premiers à éteindre, si la prise est là », assure celui-ci.",
        ),
        related=(4119, 4102, 4088), directory=(58, 59), attachment=True,
    ),
    Dispatch(
        4119, "trafic-conteneurs-brisemer-record", "Actualité", "Brisemer",
        datetime(2026, 2, 27, 9, 10, tzinfo=_PARIS),
        "Conteneurs : Brisemer dépasse 210 000 EVP en 2025, un record",
        "Le terminal du [[port de Brisemer]] a traité 211 400 [[EVP]] en 2025, soit 9 % de plus que "
        "l'année précédente, selon le bilan publié le 26 février 2026.",
        (
            "La hausse vient surtout des fruits et des pièces d'éoliennes. Le fer, lui, passe par le "
            "port voisin depuis la fermeture de l'aciérie des Salines.",
            "[[Maëlle Kervadec]] attend une année plus calme : « Nous avons pris en douze mois la "
            "croissance de trois ans. »",
        ),
        related=(4127, 4071), directory=(58,),
    ),
    Dispatch(
        4111, "entretien-aurelien-dastugue-remorqueurs", "Entretien", "Estuaire",
        datetime(2026, 2, 3, 17, 0, tzinfo=_PARIS),
        "« Un remorqueur hybride, c'est d'abord un équipage formé » (Aurélien Dastugue)",
        "Les huit remorqueurs de l'estuaire seront hybrides en 2031, promet [[Aurélien Dastugue]], "
        "qui demande une école à bord plutôt qu'à quai.",
        (
            "« Les moteurs électriques répondent en une seconde, les diesels en quatre : il faut "
            "désapprendre vingt ans de gestes », dit le président du syndicat.",
            "La première formation aura lieu en juin sur l'Aber-Noz, avec douze patrons. L'[[ODM]] "
            "fournira les courants heure par heure.",
        ),
        related=(4127,),
    ),
    Dispatch(
        4102, "observatoire-marees-previsions-quinze-jours", "Actualité", "Pointe-Grise",
        datetime(2026, 1, 20, 11, 45, tzinfo=_PARIS),
        "L'Observatoire des marées prévoit désormais l'eau à quinze jours",
        "L'[[ODM]] publie depuis le 19 janvier 2026 des prévisions de niveau d'eau à quinze jours, "
        "au lieu de sept, pour tout l'estuaire.",
        (
            "Le modèle tient compte du vent et de la neige en amont. Il s'est trompé de moins de "
            "six centimètres neuf jours sur dix pendant l'hiver d'essai.",
            "Les éclusiers du [[port de Brisemer]] s'en servent déjà pour fixer les heures de sas.",
        ),
        related=(4088,), directory=(59,),
    ),
    Dispatch(
        4088, "ecluse-est-portes-neuves", "Projet", "Brisemer",
        datetime(2025, 11, 6, 8, 20, tzinfo=_PARIS),
        "L'écluse Est de Brisemer recevra des portes neuves en 2027",
        "Les portes de 1931 seront remplacées pendant l'été 2027, hors saison des fruits, indique le "
        "[[port de Brisemer]].",
        (
            "Chaque vantail pèse 180 tonnes et arrivera par barge. L'écluse fermera cinq semaines ; "
            "les navires de moins de 90 mètres passeront par le sas Ouest.",
        ),
        related=(4127,), directory=(58,),
    ),
    Dispatch(
        4071, "nomination-maelle-kervadec-directrice", "Mercato", "Brisemer",
        datetime(2024, 9, 2, 18, 5, tzinfo=_PARIS),
        "Maëlle Kervadec nommée à la direction du port de Brisemer",
        "[[Maëlle Kervadec]] prend la direction du [[port de Brisemer]] le 1er octobre 2024. Elle "
        "succède à un intérim de huit mois.",
        (
            "Ingénieure hydrographe, elle a dirigé les sondages de l'[[ODM]] pendant onze ans. Sa "
            "feuille de route tient en trois mots, dit-elle : draguer moins, mesurer plus.",
        ),
        related=(4088,), directory=(58,),
    ),
)  # fmt: skip

STORIES = (
    Story(
        "ferry-bell-returns", "Harbour", "Imogen Tarrant",
        datetime(2026, 3, 9, 7, 30, tzinfo=_LONDON),
        "The ferry bell is back after forty years in a cowshed",
        "Stolen for a bet in 1986, the bronze bell of the Saltmarsh ferry rang again on Sunday.",
        (
            "It turned up under a tarpaulin at Fennick Farm, where the late owner had used it to "
            "call his cattle. His daughter recognised the lettering from a photograph in the town "
            "library and brought it to the quay in a wheelbarrow.",
            "The harbour board will hang it on the north landing rather than aboard. \"She has "
            "travelled enough,\" said the ferryman, who rang it eleven times, once for each "
            "skipper since the line was founded.",
        ),
    ),
    Story(
        "eel-count-doubles", "Nature", "Rufus Ogilvie-Penn",
        datetime(2026, 3, 4, 16, 0, tzinfo=_LONDON),
        "Eel count doubles after the sluice learns to wait",
        "Volunteers counted 2,140 young eels in February, twice the number of last year.",
        (
            "The difference is twenty minutes. Since October the tidal sluice has opened late on the "
            "flood, long enough for the eels to ride in with the first brackish water.",
            "\"It cost us a timer switch and an argument,\" said the warden of the reserve. The "
            "counters, who wade at night with red lamps, now need a second bucket.",
        ),
    ),
    Story(
        "library-lends-tools", "Town", "Imogen Tarrant",
        datetime(2026, 2, 25, 9, 15, tzinfo=_LONDON),
        "Library lends ladders, drills and one very large sieve",
        "The shelf of tools at Saltmarsh library has more readers than the crime section.",
        (
            "Since the autumn anyone with a card may borrow from sixty tools that neighbours have "
            "given. The sieve, meant for gravel, has been to nine weddings as a confetti screen.",
            "Fines are paid in kind: a late saw comes back sharpened.",
        ),
    ),
)  # fmt: skip
