"""The Link header (RFC 8288): Link: <https://api.example.org/items?page=2>; rel="next"."""


def link_with_relation(header: str, relation: str) -> str | None:
    """The URL with this relation in a Link header, or None if there is no such link."""
    at = 0
    while (start := header.find("<", at)) >= 0 and (end := header.find(">", start)) >= 0:
        relations, at = _relations(header, end + 1)
        if relation in relations:
            return header[start + 1 : end]
    return None


def _relations(header: str, at: int) -> tuple[list[str], int]:
    """The relations of a link in lower case, and the index after its last parameter. `at` is the index of the first
    parameter."""
    relations: list[str] | None = None
    while True:
        at = _skip(header, at, " \t;")
        name_at = at
        while at < len(header) and header[at] not in "=;, \t":
            at += 1
        name = header[name_at:at].lower()
        at = _skip(header, at, " \t")
        value = ""
        if header[at : at + 1] == "=":
            value, at = _parameter_value(header, _skip(header, at + 1, " \t"))
        if name == "rel" and relations is None:
            relations = value.lower().split()
        if at >= len(header) or header[at] == ",":
            return relations or [], at
        if at == name_at:
            at += 1  # an unexpected character


def _parameter_value(header: str, at: int) -> tuple[str, int]:
    quote = header[at : at + 1]
    if quote not in ('"', "'") or not quote:
        start = at
        while at < len(header) and header[at] not in ";, \t":
            at += 1
        return header[start:at], at
    characters = []
    at += 1
    while at < len(header) and header[at] != quote:
        if header[at] == "\\":
            at += 1
        characters.append(header[at : at + 1])
        at += 1
    return "".join(characters), at + 1


def _skip(header: str, at: int, characters: str) -> int:
    while at < len(header) and header[at] in characters:
        at += 1
    return at
