"""The words of the reading room in French; English is the key, and what is shown where one lacks."""

from __future__ import annotations

LANGUAGES = {"en": "English", "fr": "Français"}

FRENCH = {
    "Pages": "Pages", "Home": "Accueil", "Search": "Recherche", "Analyse": "Analyse", "Dossiers": "Dossiers",
    "Sources": "Sources", "Help": "Aide", "Account": "Compte", "Log in": "Se connecter",
    "Log out": "Se déconnecter", "Language": "Langue", "Appearance": "Apparence",
    "Automatic": "Automatique", "Light": "Claire", "Dark": "Sombre", "Apply": "Appliquer",
    "Skip to the content": "Aller au contenu", "Sections of the reading room": "Rubriques",
    "Settings": "Réglages", "Reading room": "Salle de lecture",
    "Archived {when} by {archive}, item {id}.": "Archivé le {when} par {archive}, notice {id}.",
    # home
    "New since your last visit": "Nouveau depuis votre dernière visite",
    "The newest articles": "Les derniers articles",
    "Nothing new since {when}.": "Rien de nouveau depuis {when}.",
    "since {when}": "depuis {when}", "The last 30 days": "Les 30 derniers jours",
    "Articles published each day": "Articles publiés chaque jour",
    "Sources in trouble": "Sources en difficulté",
    "All sources are well.": "Toutes les sources vont bien.",
    "Saved searches": "Recherches enregistrées", "All articles": "Tous les articles",
    "The archive holds {articles} articles of {sources} sources.":
        "L’archive contient {articles} articles de {sources} sources.",
    "The archive is empty.": "L’archive est vide.",
    "Follow a site with `dateline add URL`, then `dateline crawl`.":
        "Suivez un site avec « dateline add URL », puis « dateline crawl ».",
    # search
    "Search the archive": "Rechercher dans l’archive", "Words": "Mots",
    "e.g. {example}": "par ex. {example}", "Sort": "Tri", "Best match": "Pertinence",
    "Newest first": "Plus récents d’abord", "Builder": "Recherche guidée",
    "All of these words": "Tous ces mots", "This exact phrase": "Cette expression exacte",
    "One of these words": "Un de ces mots", "None of these words": "Aucun de ces mots",
    "In the headline": "Dans le titre", "Author": "Auteur", "Source": "Source", "Section": "Rubrique",
    "Any": "Indifférent", "From": "Du", "To": "Au", "Build the search": "Lancer la recherche",
    "{n} articles": "{n} articles", "1 article": "1 article",
    "More than {n} articles": "Plus de {n} articles", "Nothing found": "Aucun résultat",
    "No article answers this search.": "Aucun article ne répond à cette recherche.",
    "Try fewer words, another spelling, or a beginning such as {example}.":
        "Essayez moins de mots, une autre orthographe ou un début de mot comme {example}.",
    "More results": "Suite des résultats", "Narrow": "Affiner",
    "Top sources, authors, entries and words": "Sources, auteurs, entrées et mots principaux", "Authors": "Auteurs",
    "Sections": "Rubriques", "Languages": "Langues", "Entries": "Fiches", "Kinds": "Genres",
    "Counted over the newest {n} articles.": "Compté sur les {n} articles les plus récents.",
    "Save this search": "Enregistrer cette recherche", "Save": "Enregistrer", "Name": "Nom",
    "Export": "Exporter", "Export the answer as": "Exporter le résultat en", "Feed": "Flux",
    "Delete": "Supprimer", "Show duplicates too": "Montrer aussi les doublons",
    "and {n} copies in {sources}": "et {n} copies dans {sources}",
    "and 1 copy in {sources}": "et 1 copie dans {sources}",
    "This search cannot be understood": "Cette recherche n’est pas comprise",
    "at character {n}": "au caractère {n}", "Over time": "Dans le temps",
    "Put into a dossier": "Verser dans un dossier", "only the beginning": "début seulement",
    "revised": "révisé", "{n} words": "{n} mots", "No saved search yet.": "Aucune recherche enregistrée.",
    "Remove this filter": "Retirer ce filtre", "published": "publié",
    # analyse
    "Searches to compare": "Recherches à comparer", "Search {n}": "Recherche {n}",
    "One per line, up to {n}.": "Une par ligne, {n} au plus.",
    "Period": "Période", "Day": "Jour", "Month": "Mois", "Year": "Année", "Measure": "Mesure",
    "Number of articles": "Nombre d’articles",
    "Share of all articles": "Part de tous les articles", "Show": "Afficher",
    "Volume over time": "Volume dans le temps", "Table": "Tableau", "All": "Tout",
    "Top sources": "Premières sources", "Top authors": "Premiers auteurs",
    "Top sections": "Premières rubriques", "Top entries": "Premières fiches",
    "Telling words": "Mots saillants", "Value": "Valeur", "Articles": "Articles",
    "No article to count.": "Aucun article à compter.", "Download as CSV": "Télécharger en CSV",
    "Words that stand out in the newest articles found, against the rest of the archive.":
        "Mots qui ressortent des derniers articles trouvés, par rapport au reste de l’archive.",
    # article
    "By {names}": "Par {names}",
    "no date, archived on {day}": "sans date, archivé le {day}", "Published {when}": "Publié {when}",
    "Modified {when}": "Modifié {when}", "Original page": "Page d’origine",
    "Capture": "Capture", "Captured page": "Page capturée",
    "Related articles": "Articles liés", "Directory": "Annuaire", "Attachments": "Pièces jointes",
    "Further reading": "Pour aller plus loin", "Embedded": "Intégré", "Elsewhere": "Ailleurs",
    "not fetched yet": "pas encore collecté", "Similar articles": "Articles similaires",
    "Also published in": "Également publié dans", "Named in this article": "Cités dans cet article",
    "Linked from": "Lié depuis", "Provenance": "Provenance", "Field": "Champ", "Found in": "Trouvé dans",
    "Revisions": "Révisions", "{n} revisions": "{n} révisions", "1 revision": "1 révision",
    "Cite": "Citer", "Number": "Numéro", "Kind": "Genre", "Tags": "Mots-clés", "Item": "Notice",
    "First seen": "Vu la première fois", "Last seen": "Vu la dernière fois",
    "Addresses": "Adresses", "About this article": "À propos de cet article",
    "Only the beginning was to be seen.": "Seul le début était visible.",
    "Its page was not fetched yet; it is known from links to it.":
        "Sa page n’a pas encore été collectée ; elle est connue par les liens qui y mènent.",
    "The picture is not in the archive.": "L’image n’est pas dans l’archive.",
    "Its publisher has taken this page down.": "L’éditeur a retiré cette page.",
    "Text of the attachment": "Texte de la pièce jointe", "Open": "Ouvrir", "Pictures": "Images",
    "Put": "Verser", "Dossier": "Dossier", "New dossier": "Nouveau dossier",
    "In these dossiers": "Dans ces dossiers", "Picture": "Image", "Credit: {name}": "Crédit : {name}",
    # revisions
    "History": "Historique", "Compare": "Comparer", "Inline": "Dans le texte",
    "Side by side": "Côte à côte", "Older": "Ancienne", "Newer": "Nouvelle",
    "Revision {n}": "Révision {n}", "Changed": "Changé", "Seen": "Vu", "silent": "silencieux",
    "{n} paragraphs unchanged": "{n} paragraphes inchangés",
    "1 paragraph unchanged": "1 paragraphe inchangé", "Nothing differs.": "Aucune différence.",
    "There is one revision only.": "Il n’y a qu’une révision.",
    "silent: the page does not say that it was changed":
        "silencieux : la page ne dit pas qu’elle a changé",
    "Events": "Événements", "removed": "retiré", "added": "ajouté",
    # entries
    "person": "personne", "organisation": "organisation", "term": "terme", "unknown": "inconnu",
    "Known by mentions only; its page was not fetched yet.":
        "Connue par des mentions seulement ; sa page n’a pas encore été collectée.",
    "Also called": "Aussi appelé", "Articles over time": "Articles dans le temps",
    "Who appears together": "Qui apparaît ensemble", "Articles that name it": "Articles qui la citent",
    "Description": "Description", "Common articles": "Articles communs",
    "Nobody is named beside it.": "Personne n’est cité à ses côtés.",
    "Find a person, organisation or term": "Trouver une personne, une organisation ou un terme",
    "Nobody is called so.": "Personne ne porte ce nom.", "Most named": "Les plus cités",
    # dossiers
    "Begin": "Commencer", "Note": "Note", "Notes": "Notes",
    "Query (optional): its articles belong to the dossier too":
        "Requête (facultative) : ses articles font aussi partie du dossier",
    "No dossier yet.": "Aucun dossier.", "Change": "Modifier", "Take out": "Retirer",
    "Articles put in by hand": "Articles versés à la main",
    "Articles of its query": "Articles de sa requête",
    "No article yet. Open an article and put it in.":
        "Aucun article. Ouvrez un article et versez-le dans le dossier.",
    "Delete this dossier": "Supprimer ce dossier", "Save the note": "Enregistrer la note",
    # sources
    "Source and runs": "Source et collectes", "State": "État", "Last crawl": "Dernière collecte",
    "Last success": "Dernier succès", "Endpoints": "Points d’accès", "Waiting": "En attente",
    "never": "jamais", "active": "active", "paused": "en pause", "Pause": "Mettre en pause",
    "Resume": "Reprendre", "Crawl now": "Collecter maintenant", "Address": "Adresse",
    "Failures": "Échecs", "Last error": "Dernière erreur", "Last visit": "Dernière visite",
    "Gaps and the past": "Lacunes et passé", "Alarms": "Alertes", "closed": "fermé", "gap": "lacune",
    "asked": "demandé", "done": "terminé", "open": "en cours", "New": "Nouveaux",
    "Next visit": "Prochaine visite", "Crawl runs": "Collectes", "Started": "Début", "Ended": "Fin",
    "Reason": "Motif", "Counts": "Comptes", "Errors by cause": "Erreurs par cause",
    "Cause": "Cause", "New articles a day": "Nouveaux articles par jour",
    "Completeness": "Complétude", "Share": "Part", "Follow a site": "Suivre un site",
    "Address of the site": "Adresse du site", "Follow": "Suivre",
    "Of the newest {n} articles.": "Sur les {n} articles les plus récents.",
    "The crawl was started; this page shows how it goes.":
        "La collecte est lancée ; cette page montre où elle en est.",
    "Its feeds and sitemaps are being looked for; the page shows them once found.":
        "Ses flux et plans de site sont recherchés ; la page les montre une fois trouvés.",
    "No errors in the last runs.": "Aucune erreur dans les dernières collectes.",
    "running": "en cours", "finished": "terminée", "interrupted": "interrompue",
    "failed": "échouée", "Home page": "Page d’accueil",
    # account
    "Password": "Mot de passe", "Wrong name or password.": "Nom ou mot de passe incorrect.",
    "Tokens of the HTTP API": "Jetons de l’API HTTP", "Scope": "Portée", "Created": "Créé",
    "Used": "Utilisé", "Revoke": "Révoquer", "revoked": "révoqué", "read": "lecture",
    "write": "écriture", "Make a token": "Créer un jeton",
    "Copy it now; it is shown only once.": "Copiez-le maintenant ; il n’est montré qu’une fois.",
    "No token yet.": "Aucun jeton.", "What it is for": "À quoi il sert",
    "Change the password": "Changer le mot de passe", "New password": "Nouveau mot de passe",
    "Present password": "Mot de passe actuel", "The password was changed.":
        "Le mot de passe a été changé.",
    "You are {name}.": "Vous êtes {name}.",
    "Nobody has an account: whoever sits at this machine may read and change everything.":
        "Personne n’a de compte : quiconque est sur cette machine peut tout lire et tout changer.",
    "At least {n} characters.": "Au moins {n} caractères.",
    # help, errors
    "The search language": "Le langage de recherche", "Write": "Écrivez", "It finds": "Cela trouve",
    "Documentation of the HTTP API": "Documentation de l’API HTTP", "Go back home": "Retour à l’accueil",
    "Parameters": "Paramètres", "Answers": "Réponses", "required": "obligatoire",
    "What you can do": "Ce que vous pouvez faire", "Keyboard": "Clavier",
}  # fmt: skip


def translate(text: str, language: str, **values: object) -> str:
    """``text`` in a language, its ``{names}`` filled in."""
    found = FRENCH.get(text, text) if language == "fr" else text
    return found.format(**values) if values else found
