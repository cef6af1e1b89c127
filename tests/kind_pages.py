"""Pages of every kind in ten languages, of our own making: what is an article, and what is not.

Each is a whole page as a news site would send it, in two layouts: one that names its parts
(HTML5, JSON-LD, Open Graph) and one of bare ``div`` elements with no metadata at all.
"""

from __future__ import annotations

import html
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

SITE = "https://www.courier.example"


@dataclass(frozen=True)
class Tongue:
    """The words of one language that the pages are made of."""

    code: str
    sentences: tuple[str, ...]
    headlines: tuple[str, ...]
    menu: tuple[str, ...]
    missing: tuple[str, str]
    consent: tuple[str, ...]
    login: tuple[str, ...]
    wall: str
    rights: str


TONGUES = (
    Tongue(
        "en",
        ("The harbour board voted on Tuesday to rebuild the northern quay, which a storm tore open in January.",
         "Work is to begin after Easter, the chairwoman said, and will cost about four million pounds.",
         "Fishermen had asked for a temporary landing stage, because the nearest one lies two hours away.",
         "The engineers found that the oldest piles date from 1911 and cannot be saved.",
         "A second meeting with the residents is planned for the end of the month."),
        ("Harbour board to rebuild the northern quay", "Library opens its cellar to readers at night",
         "Two towns share one fire engine from May", "Choir finds its lost scores in a bakery",
         "Ferry timetable changes for the first time in years"),
        ("Home", "Politics", "Economy", "Culture", "Sport"),
        ("Page not found", "The page you are looking for has been moved or does not exist any more."),
        ("We value your privacy", "We and our 214 partners store cookies on your device and process personal data "
         "such as your IP address for personalised advertising, if you consent.", "You can withdraw your consent at "
         "any time in the privacy settings. Cookies that are necessary are always active.", "Accept all cookies",
         "Manage consent", "Continue without cookies for a fee"),
        ("Log in", "E-mail address", "Password", "Forgot your password?", "No account yet? Register here."),
        "Subscribe to continue reading. Already a subscriber? Log in.", "All rights reserved.",
    ),
    Tongue(
        "fr",
        ("Le conseil du port a voté mardi la reconstruction du quai nord, éventré par une tempête en janvier.",
         "Les travaux commenceront après Pâques, a indiqué la présidente, pour un coût d'environ quatre millions d'euros.",
         "Les pêcheurs réclamaient un débarcadère provisoire, le plus proche se trouvant à deux heures de route.",
         "Les ingénieurs ont constaté que les plus vieux pieux datent de 1911 et ne peuvent être sauvés.",
         "Une seconde réunion avec les riverains est prévue à la fin du mois."),
        ("Le conseil du port va reconstruire le quai nord", "La bibliothèque ouvre sa cave aux lecteurs la nuit",
         "Deux communes se partagent un camion de pompiers", "La chorale retrouve ses partitions dans une boulangerie",
         "Les horaires du bac changent après vingt ans"),
        ("Accueil", "Politique", "Économie", "Culture", "Sport"),
        ("Page introuvable", "La page que vous cherchez a été déplacée ou n'existe plus."),
        ("Le respect de votre vie privée est notre priorité", "Avec nos 214 partenaires, nous déposons des cookies et "
         "traitons vos données personnelles pour la publicité personnalisée, avec votre consentement.",
         "Vous pouvez retirer votre consentement à tout moment dans la politique de cookies.", "Accepter et fermer",
         "Paramétrer les cookies", "Continuer sans accepter"),
        ("Connexion", "Adresse e-mail", "Mot de passe", "Mot de passe oublié ?", "Pas encore de compte ? Inscrivez-vous."),
        "La suite de cet article est réservée aux abonnés. Pour lire la suite, abonnez-vous.", "Tous droits réservés.",
    ),
    Tongue(
        "de",
        ("Der Hafenrat hat am Dienstag beschlossen, den Nordkai neu zu bauen, den ein Sturm im Januar aufgerissen hatte.",
         "Die Arbeiten sollen nach Ostern beginnen, sagte die Vorsitzende, und rund vier Millionen Euro kosten.",
         "Die Fischer hatten einen vorläufigen Anleger verlangt, weil der nächste zwei Stunden entfernt liegt.",
         "Die Ingenieure stellten fest, dass die ältesten Pfähle von 1911 stammen und nicht zu retten sind.",
         "Ein zweites Treffen mit den Anwohnern ist für Ende des Monats geplant."),
        ("Hafenrat lässt den Nordkai neu bauen", "Bücherei öffnet ihren Keller nachts für Leser",
         "Zwei Orte teilen sich ab Mai ein Löschfahrzeug", "Chor findet verlorene Noten in einer Bäckerei",
         "Fahrplan der Fähre ändert sich nach zwanzig Jahren"),
        ("Startseite", "Politik", "Wirtschaft", "Kultur", "Sport"),
        ("Seite nicht gefunden", "Die gesuchte Seite wurde verschoben oder existiert nicht mehr."),
        ("Ihre Privatsphäre", "Wir und unsere 214 Partner speichern Cookies auf Ihrem Gerät und verarbeiten Daten für "
         "personalisierte Werbung, wenn Sie zustimmen.", "Sie können Ihre Einwilligung jederzeit in der "
         "Datenschutzerklärung widerrufen.", "Alle Cookies akzeptieren", "Weiter mit Werbung und Cookies",
         "Werbefrei für 3,99 Euro im Monat"),
        ("Anmelden", "E-Mail-Adresse", "Passwort", "Passwort vergessen?", "Noch kein Konto? Jetzt registrieren."),
        "Um diesen Artikel weiterzulesen, schließen Sie ein Abo ab. Nur für Abonnenten.", "Alle Rechte vorbehalten.",
    ),
    Tongue(
        "es",
        ("La junta del puerto votó el martes reconstruir el muelle norte, que un temporal destrozó en enero.",
         "Las obras empezarán después de Semana Santa, dijo la presidenta, y costarán unos cuatro millones de euros.",
         "Los pescadores habían pedido un embarcadero provisional, porque el más cercano queda a dos horas.",
         "Los ingenieros comprobaron que los pilotes más antiguos son de 1911 y no pueden salvarse.",
         "Está prevista una segunda reunión con los vecinos a finales de mes."),
        ("La junta del puerto reconstruirá el muelle norte", "La biblioteca abre su sótano a los lectores de noche",
         "Dos pueblos comparten un camión de bomberos", "El coro encuentra sus partituras en una panadería",
         "Cambian los horarios del transbordador tras veinte años"),
        ("Inicio", "Política", "Economía", "Cultura", "Deportes"),
        ("Página no encontrada", "La página que busca se ha movido o no existe."),
        ("Su privacidad nos importa", "Nosotros y nuestros 214 socios guardamos cookies y tratamos datos personales para "
         "publicidad personalizada, con su consentimiento.", "Puede retirar su consentimiento en la política de privacidad y cookies.",
         "Aceptar todas las cookies", "Configurar cookies", "Rechazar y suscribirse"),
        ("Iniciar sesión", "Correo electrónico", "Contraseña", "¿Olvidó su contraseña?", "¿No tiene cuenta? Regístrese."),
        "Contenido exclusivo para suscriptores. Suscríbete para seguir leyendo.", "Todos los derechos reservados.",
    ),
    Tongue(
        "it",
        ("Il consiglio del porto ha deciso martedì di ricostruire il molo nord, squarciato da una tempesta a gennaio.",
         "I lavori cominceranno dopo Pasqua, ha detto la presidente, e costeranno circa quattro milioni di euro.",
         "I pescatori avevano chiesto un pontile provvisorio, perché il più vicino dista due ore.",
         "Gli ingegneri hanno constatato che i pali più vecchi sono del 1911 e non si possono salvare.",
         "Un secondo incontro con i residenti è previsto per la fine del mese."),
        ("Il porto ricostruisce il molo nord", "La biblioteca apre la cantina ai lettori di notte",
         "Due paesi dividono un camion dei pompieri", "Il coro ritrova gli spartiti in un forno",
         "Cambiano gli orari del traghetto dopo vent'anni"),
        ("Prima pagina", "Politica", "Economia", "Cultura", "Sport"),
        ("Pagina non trovata", "La pagina che cerchi è stata spostata o non esiste più."),
        ("La tua privacy", "Noi e i nostri 214 partner archiviamo cookie sul tuo dispositivo e trattiamo dati per "
         "annunci personalizzati, con il tuo consenso.", "Puoi revocare il consenso in ogni momento nella privacy policy e nella cookie policy.",
         "Accetta tutti i cookie", "Gestisci i cookie", "Rifiuta e abbonati"),
        ("Accedi", "Indirizzo e-mail", "Password", "Password dimenticata?", "Non hai un account? Registrati."),
        "Contenuto riservato agli abbonati. Abbonati per leggere tutto.", "Riproduzione riservata.",
    ),
    Tongue(
        "nl",
        ("Het havenbestuur besloot dinsdag de noordkade te herbouwen, die in januari door een storm werd opengereten.",
         "Het werk begint na Pasen, zei de voorzitter, en kost ongeveer vier miljoen euro.",
         "De vissers hadden om een tijdelijke steiger gevraagd, omdat de dichtstbijzijnde twee uur verderop ligt.",
         "De ingenieurs stelden vast dat de oudste palen uit 1911 stammen en niet te redden zijn.",
         "Een tweede bijeenkomst met de bewoners staat voor het einde van de maand gepland."),
        ("Havenbestuur herbouwt de noordkade", "Bibliotheek opent kelder 's nachts voor lezers",
         "Twee dorpen delen vanaf mei een brandweerwagen", "Koor vindt verloren bladmuziek in bakkerij",
         "Dienstregeling van het veer verandert na twintig jaar"),
        ("Voorpagina", "Politiek", "Economie", "Cultuur", "Sport"),
        ("Pagina niet gevonden", "De pagina die u zoekt is verplaatst of bestaat niet meer."),
        ("Uw privacy", "Wij en onze 214 partners plaatsen cookies en verwerken gegevens voor persoonlijke advertenties, "
         "met uw toestemming.", "U kunt uw keuze altijd wijzigen in het privacy- en cookiebeleid.", "Alle cookies accepteren",
         "Cookies instellen", "Verder zonder cookies"),
        ("Inloggen", "E-mailadres", "Wachtwoord", "Wachtwoord vergeten?", "Nog geen account? Registreer hier."),
        "Alleen voor abonnees. Verder lezen? Neem een abonnement.", "Alle rechten voorbehouden.",
    ),
    Tongue(
        "pl",
        ("Rada portu zdecydowała we wtorek o odbudowie północnego nabrzeża, które w styczniu rozerwał sztorm.",
         "Prace mają ruszyć po Wielkanocy, powiedziała przewodnicząca, i kosztować około czterech milionów euro.",
         "Rybacy prosili o tymczasowy pomost, bo najbliższy leży dwie godziny drogi stąd.",
         "Inżynierowie stwierdzili, że najstarsze pale pochodzą z 1911 roku i nie da się ich uratować.",
         "Drugie spotkanie z mieszkańcami zaplanowano na koniec miesiąca."),
        ("Port odbuduje północne nabrzeże", "Biblioteka otwiera piwnicę dla nocnych czytelników",
         "Dwie gminy dzielą jeden wóz strażacki od maja", "Chór odnalazł zaginione nuty w piekarni",
         "Rozkład promu zmienia się po dwudziestu latach"),
        ("Strona główna", "Polityka", "Gospodarka", "Kultura", "Sport"),
        ("Nie znaleziono strony", "Szukana strona została przeniesiona lub nie istnieje."),
        ("Twoja prywatność", "My i nasi 214 partnerzy zapisujemy pliki cookies i przetwarzamy dane osobowe w celu "
         "wyświetlania reklam, za Twoją zgodą (RODO, GDPR).", "Zgodę możesz wycofać w ustawieniach cookies i polityce privacy.",
         "Akceptuj wszystkie cookies", "Ustawienia cookies", "Odrzuć cookies"),
        ("Zaloguj się", "Adres e-mail", "Hasło", "Nie pamiętasz hasła?", "Nie masz konta? Zarejestruj się."),
        "Tekst tylko dla prenumeratorów. Wykup dostęp, aby czytać dalej.", "Wszelkie prawa zastrzeżone.",
    ),
    Tongue(
        "sv",
        ("Hamnstyrelsen beslutade på tisdagen att bygga om norra kajen, som en storm slet upp i januari.",
         "Arbetet ska börja efter påsk, sade ordföranden, och kosta omkring fyra miljoner kronor.",
         "Fiskarna hade begärt en tillfällig brygga, eftersom den närmaste ligger två timmar bort.",
         "Ingenjörerna fann att de äldsta pålarna är från 1911 och inte går att rädda.",
         "Ett andra möte med de boende planeras till slutet av månaden."),
        ("Hamnstyrelsen bygger om norra kajen", "Biblioteket öppnar källaren för läsare om natten",
         "Två orter delar en brandbil från maj", "Kören hittade sina noter på ett bageri",
         "Färjans tidtabell ändras efter tjugo år"),
        ("Startsida", "Politik", "Ekonomi", "Kultur", "Sport"),
        ("Sidan hittades inte", "Sidan du söker har flyttats eller finns inte längre."),
        ("Vi värnar om din integritet", "Vi och våra 214 partner lagrar cookies på din enhet och behandlar personuppgifter "
         "för annonser, om du ger ditt consent (GDPR).", "Du kan ändra dina val för cookies när som helst.", "Godkänn alla cookies",
         "Hantera cookies", "Avvisa cookies"),
        ("Logga in", "E-postadress", "Lösenord", "Glömt lösenordet?", "Inget konto? Registrera dig."),
        "Endast för prenumeranter. Köp en prenumeration för att läsa vidare.", "Alla rättigheter förbehållna.",
    ),
    Tongue(
        "ru",
        ("Совет порта во вторник решил перестроить северный причал, который в январе разрушил шторм.",
         "Работы начнутся после Пасхи, сказала председатель, и обойдутся примерно в четыре миллиона евро.",
         "Рыбаки просили устроить временный причал, потому что ближайший находится в двух часах пути.",
         "Инженеры установили, что самые старые сваи относятся к 1911 году и спасти их нельзя.",
         "Вторая встреча с жителями намечена на конец месяца."),
        ("Порт перестроит северный причал", "Библиотека открывает подвал для ночных читателей",
         "Два посёлка делят одну пожарную машину с мая", "Хор нашёл потерянные ноты в булочной",
         "Расписание парома меняется через двадцать лет"),
        ("Главная", "Политика", "Экономика", "Культура", "Спорт"),
        ("Страница не найдена", "Запрошенная страница перемещена или больше не существует."),
        ("Ваша приватность", "Мы и наши 214 партнёров храним файлы cookie и обрабатываем персональные данные для рекламы, "
         "если вы согласны (GDPR consent).", "Вы можете изменить выбор cookie и privacy в любое время.", "Принять все cookies",
         "Настроить cookies", "Отклонить cookies"),
        ("Войти", "Электронная почта", "Пароль", "Забыли пароль?", "Нет аккаунта? Зарегистрируйтесь."),
        "Материал доступен только подписчикам. Оформите подписку, чтобы читать дальше.", "Все права защищены.",
    ),
    Tongue(
        "ja",
        ("港湾委員会は火曜日、一月の嵐で壊れた北岸壁を建て直すことを決めた。費用はおよそ四億円にのぼる見通しだ。",
         "工事は春の休みのあとに始まり、来年の秋までに終わる予定だと委員長は記者会見で述べた。",
         "漁業者は、最も近い桟橋まで二時間かかるとして、仮の桟橋を設けるよう求めていた。",
         "技術者の調べでは、最も古い杭は一九一一年のもので、もはや使うことはできないという。",
         "住民との二回目の話し合いは今月末に開かれる予定である。"),
        ("港湾委員会、北岸壁を建て直しへ", "図書館、夜の読者に地下室を開放する", "二つの町、五月から消防車を共用する",
         "合唱団、失われた楽譜をパン屋で見つける", "渡し船の時刻表、二十年ぶりに変わる"),
        ("トップ", "政治", "経済", "文化", "スポーツ"),
        ("ページが見つかりません", "お探しのページは移動したか、存在しません。"),
        ("プライバシーについて", "当社と提携先二百十四社は、広告のために Cookie を保存し、個人データを扱います (consent, GDPR)。",
         "同意 (consent) はいつでも privacy 設定で取り消せます。", "すべての Cookie を受け入れる", "Cookie の設定", "Cookie を拒否する"),
        ("ログイン", "メールアドレス", "パスワード", "パスワードをお忘れですか", "アカウントをお持ちでない方は登録してください。"),
        "この記事は会員限定です。続きを読むには登録してください。", "無断転載を禁じます。",
    ),
)  # fmt: skip

BOTS = (
    ("Just a moment...", "<h1>www.courier.example</h1><p>Verifying you are human. This may take a few seconds.</p>"
     "<p>www.courier.example needs to review the security of your connection before proceeding.</p>"),
    ("Attention Required!", "<h1>Sorry, you have been blocked</h1><p>You are unable to access courier.example. "
     "Please complete the security check to get access.</p>"),
    ("Access Denied", "<h1>Access Denied</h1><p>You don't have permission to access this on this server. Reference #18.</p>"),
    ("courier.example", "<noscript>Please enable JS</noscript><script src='https://ct.captcha-delivery.com/c.js'></script>"
     "<p>Please enable JS and disable any ad blocker</p>"),
    ("Pardon Our Interruption", "<h1>Pardon Our Interruption</h1><p>As you were browsing something about your browser made us "
     "think you were a bot.</p>"),
)  # fmt: skip


@dataclass(frozen=True)
class KindPage:
    """One page, and what it is: ``article``, or the kind by which it must be refused."""

    name: str
    kind: str
    url: str
    body: bytes


def _page(t: Tongue, title: str, main: str, *, rich: bool, head: str = "") -> bytes:
    links = "".join(
        f'<li><a href="/{i}/">{html.escape(word)}</a></li>' for i, word in enumerate(t.menu)
    )
    menu = f"<nav><ul>{links}</ul></nav>" if rich else f'<div class="top"><ul>{links}</ul></div>'
    foot = f"<p>© Courier. {html.escape(t.rights)}</p>"
    foot = f"<footer>{foot}</footer>" if rich else f'<div class="low">{foot}</div>'
    language = f' lang="{t.code}"' if rich else ""
    return (
        f'<!DOCTYPE html><html{language}><head><meta charset="utf-8"><title>{html.escape(title)}</title>'
        f"{head}</head><body>{menu}{main}{foot}</body></html>"
    ).encode()


def _article(t: Tongue, *, rich: bool, count: int, after: str = "", extra: str = "",
             kind: str = "NewsArticle") -> bytes:  # fmt: skip
    headline = t.headlines[0]
    text = "".join(
        f"<p>{html.escape(t.sentences[i % 5])} {html.escape(t.sentences[(i + 1) % 5])}</p>"
        for i in range(count)
    )
    date = "2026-03-05"
    data = {
        "@context": "https://schema.org",
        "@type": kind,
        "headline": headline,
        "datePublished": date,
    }
    head = (
        f'<meta property="og:type" content="article"><script type="application/ld+json">{json.dumps(data)}</script>'
        if rich
        else ""
    )
    others = "".join(f'<li><a href="/2026/03/0{i}/story-{i}-of-the-harbour">{html.escape(h)}</a></li>'
                     for i, h in enumerate(t.headlines[1:], 1))  # fmt: skip
    main = f"<h1>{html.escape(headline)}</h1>{extra}{text}{after}"
    main = f"<main><article>{main}</article></main>" if rich else f'<div class="page">{main}</div>'
    return _page(t, f"{headline} | Courier", f'{main}<div class="more"><ul>{others}</ul></div>',
                 rich=rich, head=head)  # fmt: skip


def _listing(t: Tongue, *, rich: bool) -> bytes:
    teasers = "".join(
        f'<div class="item"><h2><a href="/2026/03/0{i + 1}/story-{i}-of-the-harbour">{html.escape(h)}</a></h2>'
        f"<p>{html.escape(t.sentences[i % 5])}</p></div>"
        for i, h in enumerate((*t.headlines, *reversed(t.headlines)))
    )
    title = t.menu[1]
    return _page(t, f"{title} | Courier", f"<main><h1>{title}</h1>{teasers}</main>", rich=rich)


def pages() -> Iterator[KindPage]:
    """Every page of the set."""
    for t in TONGUES:
        for rich in (True, False):
            yield from _of(t, rich=rich, label=f"{t.code}-{'rich' if rich else 'bare'}")
    t = TONGUES[0]
    for i, (title, main) in enumerate(BOTS):
        page = f"<!DOCTYPE html><html><head><title>{title}</title></head><body>{main}</body></html>"
        yield KindPage(f"bot-{i}", "bot-wall", f"{SITE}/2026/03/05/any-story-{i}", page.encode())


def _of(t: Tongue, *, rich: bool, label: str) -> Iterator[KindPage]:
    story = f"{SITE}/2026/03/05/harbour-board-to-rebuild-the-quay-4711"
    yield KindPage(f"{label}-story", "article", story, _article(t, rich=rich, count=6))
    yield KindPage(f"{label}-brief", "article", story, _article(t, rich=rich, count=1))
    wall = f'<div class="offer"><p>{html.escape(t.wall)}</p></div>'
    yield KindPage(f"{label}-teaser", "article", story, _article(t, rich=rich, count=2, after=wall))
    pictures = "".join(
        f'<figure><img src="/p/{i}.jpg" width="900" height="600"><figcaption>{html.escape(s)}</figcaption></figure>'
        for i, s in enumerate(t.sentences * 2)
    )
    if rich:
        yield KindPage(f"{label}-gallery", "gallery", story,
                       _article(t, rich=True, count=1, after=pictures, kind="ImageGallery"))  # fmt: skip
        clip = '<video src="/v/1.mp4" poster="/v/1.jpg"></video>'
        yield KindPage(f"{label}-video", "video", story,
                       _article(t, rich=True, count=1, extra=clip, kind="VideoObject"))  # fmt: skip
    yield KindPage(f"{label}-section", "listing", f"{SITE}/1/", _listing(t, rich=rich))
    yield KindPage(f"{label}-home", "home", f"{SITE}/", _listing(t, rich=rich))
    title, text = t.missing
    lost = f"<h1>{html.escape(title)}</h1><p>{html.escape(text)}</p>"
    yield KindPage(f"{label}-missing", "error", f"{SITE}/2026/01/01/gone-for-good-1234",
                   _page(t, f"{title} | Courier", f"<div>{lost}</div>", rich=rich))  # fmt: skip
    beside = "".join(f'<li><a href="/2026/03/0{i}/story-{i}">{html.escape(h)}</a></li>'
                     for i, h in enumerate(t.headlines, 1))  # fmt: skip
    yield KindPage(f"{label}-missing-with-links", "error", f"{SITE}/2026/01/01/gone-for-good-1235",
                   _page(t, "Courier", f"<div>{lost}<ul>{beside}</ul></div>", rich=rich))  # fmt: skip
    title, *texts = t.consent
    ask = f"<h2>{html.escape(title)}</h2>" + "".join(f"<p>{html.escape(x)}</p>" for x in texts)
    yield KindPage(f"{label}-consent", "consent-wall", story,
                   _page(t, "Courier", f'<div class="box">{ask}</div>', rich=rich))  # fmt: skip
    title, *texts = t.login
    form = f"<h1>{html.escape(title)}</h1><form>" + "".join(
        f"<label>{html.escape(x)}<input></label>" for x in texts) + "</form>"  # fmt: skip
    yield KindPage(f"{label}-login", "login-wall", f"{SITE}/login",
                   _page(t, f"{title} | Courier", form, rich=rich))  # fmt: skip
    yield KindPage(f"{label}-empty", "empty", story,
                   _page(t, "Courier", '<div id="app"></div>', rich=rich))  # fmt: skip
