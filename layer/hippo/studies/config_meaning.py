"""The check of values that can be read but do not mean what their author meant.

Publishing and `hippo check` use it. `next_step` does not: studies published with such a value keep it.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from hippo.studies.completion import PLACEHOLDER
from hippo.studies.language_tags import check_language

Found = tuple[list[str], list[str]]

_QUOTES = "“”„‟«»‘’‚‛‹›＂＇"
_JOINER = re.compile("(?<=[^\\x00-\\x7f])[\u200c\u200d](?=.)")  # text within words of Persian and Hindi
# Placeholders of recruiters and survey tools, such as XXXX, %CODE%, [code], <code>, ${code}, $CODE.
_UNFILLED = re.compile(r"[Xx]{3,}|%\w+%|\$?\{.*\}|\[.*\]|<.*>|\$[A-Za-z_]\w*", re.DOTALL)
_NAME_BETWEEN_PERCENTS = re.compile(r"%(?![0-9A-Fa-f]{2})\w+%")
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_ENCODED = re.compile(r"%7B([A-Za-z0-9_.-]{1,64})%7D", re.IGNORECASE)
_OWN_PLACEHOLDERS = ("code", "userId")


def check_meaning(config: Mapping[str, Any], values: Mapping[str, Any], now: datetime | None) -> Found:
    """Return errors and warnings, each as `path: what is wrong`.

    `values` are the options that can be read, by path. Without `now`, the closing time is not compared.
    """
    errors, warnings = _check_completion(config, values)
    if values.get("userIds") == "any" and not (config.get("signedLinks") or values.get("onePer")):
        text = (
            "userIds: any, and the links are not signed, so anyone with the link may choose names below the"
        )
        warnings.append(f"{text} operator's domain. Sign the links, or remove it unless your client needs it")
    if found := check_language(values.get("language", "en")):
        text, is_error = found
        (errors if is_error else warnings).append(f"language: {text}")
    closes_at = values.get("closesAt")
    if now and closes_at and closes_at <= now:
        text = f"closesAt: {closes_at:%Y-%m-%d %H:%M} UTC is in the past, so the study admits no newcomer"
        warnings.append(f"{text}. Write a later time, or remove it")
    return errors, warnings


def _check_completion(config: Mapping[str, Any], values: Mapping[str, Any]) -> Found:
    errors, warnings = [], []
    code, url = values.get("completion.code"), values.get("completion.url") or ""
    section = config.get("completion")
    keys = section if isinstance(section, Mapping) else {}
    if code:
        errors += [f"completion.code: {text}" for text in _check_code(code)]
    elif "{code}" in url and keys.get("code") in (None, ""):
        text = "completion.code: missing or empty, but completion.url has {code}"
        errors.append(f"{text}. Write the code in quotes, because YAML reads # as a comment")
    elif "code" in keys and keys["code"] in (None, ""):
        warnings.append("completion.code: empty, so participants see no code")
    errors += [f"completion.url: {text}" for text in _check_url(url)]
    warnings += [f"completion.url: {text}" for text in _check_placeholders(url, values.get("onePer"))]
    warnings += [f"completion.url: {text}" for text in _check_empty(url, code)]
    return errors, warnings


def _check_code(code: str) -> Iterator[str]:
    if code[0] in _QUOTES or code[-1] in _QUOTES:
        yield f"the quotes of {code} are typographic, so participants would see them. Write straight quotes"
    elif code != code.strip() or not _JOINER.sub("", code).isprintable():
        yield "has a space at an end, or a character that cannot be seen. Write it again"
    elif _UNFILLED.fullmatch(code):
        yield f"{code} is a placeholder. Write the code that the recruiter shows you"


def _check_url(url: str) -> Iterator[str]:
    """Yield what the researcher still has to fill in."""
    rest = PLACEHOLDER.sub("", url)
    if found := _NAME_BETWEEN_PERCENTS.search(rest):
        yield (
            f"{found[0]} is filled in only in the link that the recruiter shows. "
            f"Add id={found[0]} to that link, and write {{id}} here"
        )
    elif _BAD_ESCAPE.search(rest):
        yield "has a % without two hexadecimal digits after it. Write %25 for a %"
    if "&amp;" in url:
        yield "has &amp;, as links have in HTML, so the recruiter gets other parameters. Write &"
    elif encoded := _ENCODED.search(url):
        yield f"{encoded[0]} is not filled in, because its braces are encoded. Write {{{encoded[1]}}}"
    for part in _list_parts(url):
        if _UNFILLED.fullmatch(part) and not PLACEHOLDER.fullmatch(part) and not found:
            yield f"{part} is a placeholder. Write {{code}}, {{userId}} or the {{name}} of a link's parameter"


def _check_empty(url: str, code: str | None) -> Iterator[str]:
    """Warn of a parameter without a value, such as `cc=`, after which recruiters expect the code."""
    is_missing = code is not None and "{code}" not in url and code not in unquote(url)
    for name, value in parse_qsl(urlsplit(url).query, keep_blank_values=True):
        if not value and (is_missing or name.lower() == "cc" or name.lower().endswith("code")):
            yield f"{name} has no value. Write {name}={{code}}, or remove it"


def _list_parts(url: str) -> list[str]:
    """Return the parts of the path, the values of the query and the fragment, decoded."""
    parts = urlsplit(url)
    values = [value for _, value in parse_qsl(parts.query, keep_blank_values=True)]
    return [*map(unquote, parts.path.split("/")), *values, unquote(parts.fragment)]


def _check_placeholders(url: str, one_per: str | None) -> Iterator[str]:
    """Warn of parameters of the link that were probably meant to be another, or the platform's own value."""
    for name in dict.fromkeys(PLACEHOLDER.findall(url)):
        if one_per and name != one_per and name.lower() == one_per.lower():
            yield f"{{{name}}} is empty, because upper and lower case must match. Write {{{one_per}}}"
            continue
        folded = re.sub(r"[_.-]", "", name).lower()
        meant = next((own for own in _OWN_PLACEHOLDERS if folded.endswith(own.lower())), None)
        if meant and name not in (*_OWN_PLACEHOLDERS, one_per):
            yield (
                f"{{{name}}} is empty unless the study's link has the parameter {name}. "
                f"Write {{{meant}}}, or add {name} to the link"
            )
