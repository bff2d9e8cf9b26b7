"""Which parts of a text are keywords, strings and so on. No framework."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath

from tuiflow.tui.file_lines import Spans

LIMIT = 256 * 1024
"""Characters of a text that is looked through; a longer one stays plain."""
MOST_IN_LINE = 2000
"""Characters of a line: with longer ones the text stays plain, as they cost too much."""

_YAML = ("MLmodel", "MLproject", "conda.yaml", "python_env.yaml")
_PLAIN = (".txt", ".log", ".csv", ".tsv", "")
_TONES = {
    "Token.Keyword": "keyword",
    "Token.Operator.Word": "keyword",
    "Token.Name.Function": "name",
    "Token.Name.Class": "name",
    "Token.Name.Tag": "name",
    "Token.Name.Decorator": "name",
    "Token.Literal.String": "string",
    "Token.Literal.Number": "number",
    "Token.Literal.Scalar": "string",
    "Token.Comment": "comment",
}


def highlighted(name: str, lines: Sequence[str]) -> tuple[Spans, ...]:
    """The spans of each line of a file of that name; nothing where its language isn't known, or
    there is too much of it."""
    suffix = PurePosixPath(name).suffix.lower()
    if PurePosixPath(name).name in _YAML:
        suffix = ".yaml"
    if suffix in (".patch", ".diff"):
        return patch_spans(lines)
    length = sum(map(len, lines)) + len(lines)
    if suffix in _PLAIN or length > LIMIT or max(map(len, lines), default=0) > MOST_IN_LINE:
        return ()
    # 0.1 s to import: for those who look at code.
    from pygments.lexers import find_lexer_class_for_filename

    found = find_lexer_class_for_filename(f"x{suffix}")
    if found is None:
        return ()
    lexer = found(stripnl=False, stripall=False, ensurenl=False)
    rows: list[list[tuple[int, int, str]]] = [[]]
    column = 0
    for kind, value in lexer.get_tokens("\n".join(lines)):
        tone = _tone(str(kind))
        for number, part in enumerate(value.split("\n")):
            if number:
                rows.append([])
                column = 0
            if tone and part.strip():
                rows[-1].append((column, column + len(part), tone))
            column += len(part)
    return tuple(rows)


def _tone(kind: str) -> str:
    while "." in kind:
        if kind in _TONES:
            return _TONES[kind]
        kind = kind.rpartition(".")[0]
    return ""


def patch_spans(lines: Sequence[str]) -> tuple[Spans, ...]:
    """The spans of the lines of a unified diff: added, removed, and where."""
    spans: list[Spans] = []
    for line in lines:
        tone = ""
        if line.startswith(("diff ", "@@")):
            tone = "place"
        elif line.startswith(("+++", "---", "index ", "new file", "deleted file", "rename ")):
            tone = "comment"
        elif line.startswith("+"):
            tone = "added"
        elif line.startswith("-"):
            tone = "removed"
        spans.append([(0, len(line), tone)] if tone else ())
    return tuple(spans)
