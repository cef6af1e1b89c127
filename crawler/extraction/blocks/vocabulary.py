"""Words that bylines, credits and furniture are made of, in the languages of large press markets."""

# First words of bylines and credits.
SIGNING = frozenset(
    (
        "by von par por de di door af av text texte foto fotos photo photos image reporting "
        "bild credit source quelle fuente fonte kaynak autor author"
    ).split()
)
# Words that news sites' furniture is made of, in the languages of large press markets.
FURNITURE = frozenset(
    (
        "cookie cookies newsletter newsletters subscribe subscriber subscribers subscription "
        "subscriptions signup login register registered copyright rights reserved related "
        "follow share advertisement advertising sponsored comment comments click download "
        "privacy terms app play podcast lire aussi voir abonnez abonnement abonné abonnés "
        "inscription inscrivez connectez publicité droits partager commentaires suivez mehr "
        "thema lesen anmelden registrieren anzeige werbung rechte vorbehalten teilen "
        "kommentare kommentar abonnieren folgen suscríbete suscripción leer también derechos "
        "reservados publicidad compartir comentarios síguenos leggi anche iscriviti "
        "riproduzione riservata condividi commenti assine leia mais saiba compartilhe lees "
        "ook reageer deel læs også les läs också dela czytaj zobacz udostępnij baca juga "
        "getty reuters shutterstock imago whatsapp telegram facebook instagram twitter "
        "youtube tiktok linkedin email mail www http https contribute published updated "
        "modified photo photos image images video videos watch listen read reading "
        "recommended trending popular latest live minutes min editor editors note contact "
        "tags topics topic more next previous home menu search archive abonnieren premium "
        "trial offer donate support print save"
    ).split()
)
CREDITS = frozenset(
    (
        "photo photos photograph photographer getty afp reuters shutterstock imago foto fotos "
        "bild credit credits crédit crédits ap file picture alliance illustration courtesy "
        "epa dpa ansa zuma handout pool istock unsplash"
    ).split()
)
# Furniture in scripts without spaces, or with endings joined to the word: looked for as it stands.
WIDE_FURNITURE = (
    "评论", "評論", "分享", "相关", "相關", "推荐", "推薦", "阅读", "閱讀", "登录", "登錄", "登入", "注册", "註冊",
    "广告", "廣告", "版权", "版權", "责任编辑", "責任編輯", "来源", "來源", "关注", "點擊", "点击", "微信", "微博",
    "编辑", "編輯", "下载", "下載", "更多", "热门", "熱門", "返回", "上一篇", "下一篇", "扫码", "收藏",
    "コメント", "関連", "記事", "会員", "ログイン", "無料", "シェア", "広告", "ランキング", "続き",
    "댓글", "기자", "구독", "관련", "공유", "무단", "저작권", "광고", "로그인", "推送", "订阅", "訂閱",
)  # fmt: skip
