"""The check of a language tag: whether its first part is the code of a language."""

# ISO 639-1, https://www.loc.gov/standards/iso639-2/php/code_list.php
_CODES = (
    "aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch "
    "co cr cs cu cv cy da de dv dz ee el en eo es et eu fa ff fi fj fo fr fy ga "  # codespell:ignore fo
    "gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik io is it iu ja "
    "jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv "
    "mg mh mi mk ml mn mr ms mt my na nb nd ne ng nl nn no nr nv ny oc oj om or "  # codespell:ignore nd
    "os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg sh si sk sl sm sn so sq "
    "sr ss st su sv sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve "  # codespell:ignore te
    "vi vo wa wo xh yi yo za zh zu "
)
# Names, countries and codes of three letters that people write for the languages of the page.
_MEANT = {
    "en": ("english", "anglais", "eng", "us", "gb"),
    "fr": ("french", "francais", "fra", "fre", "qc"),
    "de": ("german", "deutsch", "deu", "ger"),
    "es": ("spanish", "espanol", "spa"),
    "ja": ("jp", "jpn", "japanese"),
    "zh": ("cn", "zho", "chi", "chinese"),
}
_CODE_OF = {word: code for code, words in _MEANT.items() for word in words}


def check_language(tag: str) -> tuple[str, bool] | None:
    """Return what is wrong with a tag of the right shape, and whether it is an error; None for a language.

    An error is a word that can never become the code of a language.
    """
    first = tag.partition("-")[0].lower()
    meant = _CODE_OF.get(first)
    is_odd = meant or len(first) > 3 or (len(first) == 2 and first not in _CODES.split())
    if not is_odd:
        return None
    fix = f'Write "{meant}"' if meant else 'Write a code such as "en" or "fr-CA"'
    return f"{tag} is not the code of a language, so the page around yours is in English. {fix}", len(
        first
    ) > 3
