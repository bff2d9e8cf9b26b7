"""Secrets taken out of texts that are kept with a run. Pure: what is secret is passed in.

Found are: values of environment variables that are named like secrets, user and password in URLs,
signing and token parameters of URLs, values of options named like secrets, tokens of the forms
that well-known services give out, and private keys in PEM. Not found: a secret written out under
no such name and in no such form, and a value that appears encoded (quoted for a URL, in base64).
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping, Sequence

MARK = "[redacted]"
MIN_SECRET_LENGTH = 8
"""Shorter values of secret variables stay: they would match all over a text."""

_SECRET_WORDS = frozenset("token secret password passwd passphrase pwd apikey credential".split())
_SECRET_PAIRS = frozenset(
    (first, "key") for first in "api access secret private auth account storage".split()
)
_HARMLESS = frozenset("pad eos bos unk sep cls mask num n max min special image per by".split())
"""Words before `token` with which it is a text model's, not a secret."""


def names_secret(name: str) -> bool:
    """Whether an option or key, such as `--hf-token` or `db.password`, is named like a secret."""
    words = [word for word in re.split(r"[^a-z0-9]+", name.lower()) if word]
    if not words:
        return False
    before = words[-2] if len(words) > 1 else ""
    if words[-1] == "token" and before in _HARMLESS:
        return False
    return words[-1] in _SECRET_WORDS or (before, words[-1]) in _SECRET_PAIRS


def _variable_is_secret(name: str) -> bool:
    upper = name.upper()
    if upper in ("PWD", "OLDPWD"):
        return False
    parts = ("PASSWORD", "PASSWD", "SECRET", "_ACCESS_KEY")
    return any(part in upper for part in parts) or upper.endswith("_KEY") or names_secret(name)


def secret_values(environment: Mapping[str, str]) -> tuple[str, ...]:
    """The values, longest first, of the variables that are named like secrets.

    A value of several lines gives each of its lines; what is shorter than MIN_SECRET_LENGTH, or
    is a path, is left out.
    """
    found = {
        line.strip()
        for name, value in environment.items()
        if _variable_is_secret(name)
        for line in value.splitlines()
    }
    kept = [
        value
        for value in found
        if len(value) >= MIN_SECRET_LENGTH and not value.startswith("/") and value not in MARK
    ]
    return tuple(sorted(kept, key=lambda value: (-len(value), value)))


@functools.cache
def _patterns() -> tuple[re.Pattern[str], ...]:
    """In URLs: user and password, query parameters. Anywhere: tokens by form, and the first line
    and the inside of private keys."""
    userinfo = re.compile(r"(?i)\b([a-z][a-z0-9+.-]{1,15}://)([^\s/?#'\"<>]{1,512})@")
    query = re.compile(
        r"(?i)((?:[?&]|&amp;)(?:[a-z0-9-]{0,40}[_-])?"
        r"(?:token|secret|password|passwd|pwd|api_?key|access_?key|key|sig|signature|credential)=)"
        r"(?!\[redacted\])[^&;\s'\"#<>]+"
    )
    forms = re.compile(
        r"(?<![A-Za-z0-9])(?:gh[pousr]_[A-Za-z0-9]{30,}|github_pat_[A-Za-z0-9_]{22,}"
        r"|glpat-[A-Za-z0-9_-]{20,}|hf_[A-Za-z0-9]{30,}|sk-[A-Za-z0-9_-]{20,}"
        r"|xox[abeprs]-[A-Za-z0-9-]{10,}|A[KS]IA[A-Z0-9]{16}|AIza[A-Za-z0-9_-]{35})"
    )
    begin = re.compile(r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----")
    body = re.compile(r"[A-Za-z0-9+/=\s\\:,-]{0,20000}")
    return userinfo, query, forms, begin, body


def redact(text: str, secrets: Sequence[str] = ()) -> str:
    """The text with MARK in place of secrets; it keeps its number of lines.

    `secrets` are values to take out wherever they are, as `secret_values` gives them.
    """
    for secret in secrets:
        text = text.replace(secret, MARK)
    userinfo, query, forms, begin, body = _patterns()
    if "://" in text:
        text = userinfo.sub(_userinfo, text)
    if "=" in text:
        text = query.sub(rf"\1{MARK}", text)
    text = forms.sub(MARK, text)
    if "PRIVATE KEY-----" in text:
        text = _without_private_keys(text, begin, body)
    return text


def _userinfo(match: re.Match[str]) -> str:
    scheme, who = match.groups()
    user, colon, _ = who.partition(":")
    if "ssh" in scheme.lower():  # where a name alone is no secret
        return f"{scheme}{user}:{MARK}@" if colon else match[0]
    return f"{scheme}{MARK}@"


def _without_private_keys(text: str, begin: re.Pattern[str], body: re.Pattern[str]) -> str:
    parts = []
    done = 0
    for match in begin.finditer(text):
        end = text.find("-----END ", match.end(), match.end() + 20_000)
        if end >= 0 and body.fullmatch(text, match.end(), end):
            parts += [text[done : match.end()], _marked(text[match.end() : end])]
            done = end
    return "".join([*parts, text[done:]])


def _marked(key: str) -> str:
    """MARK in place of each line; the first character of a line may be a patch's."""
    first, *lines = key.split("\n")
    marked = [
        (line[0] if line[0] in "+- " else "") + (MARK if line.strip("+- ") else "") if line else ""
        for line in lines
    ]
    return "\n".join([MARK if first.strip() else first, *marked])


def redact_command(arguments: Sequence[str], secrets: Sequence[str] = ()) -> list[str]:
    """The arguments of a command without secrets: `redact`, and the values of options such as
    `--token X`, `--token=X` and `db.password=X`."""
    cleaned = []
    hide = False
    for argument in arguments:
        name, equals, value = argument.partition("=")
        if hide and not argument.startswith("--"):
            cleaned.append(MARK)
            hide = False
            continue
        hide = not equals and argument.startswith("-") and names_secret(argument)
        if equals and value and re.fullmatch(r"[\w.+/-]+", name) and names_secret(name):
            cleaned.append(f"{name}={MARK}")
        else:
            cleaned.append(redact(argument, secrets))
    return cleaned
