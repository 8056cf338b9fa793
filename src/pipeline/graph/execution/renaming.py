"""New names for values, as `--rename old=new` gives them; `*` stands for any text."""

import re
from collections.abc import Iterable, Sequence

from pipeline.errors import ArtifactError, nearest


def rename(
    names: Iterable[str], pairs: Sequence[tuple[str, str]], source: object
) -> dict[str, str]:
    """Return the old names by the new ones; the first pair that fits a name counts.

    A pair may fit no old name where something has the new one already.

    Raises:
        ArtifactError: a pair fits no name, or two names become one.
    """
    names = list(names)
    rules = [(_pattern(old), new, old) for old, new in pairs]
    used: set[str] = set()
    found: dict[str, str] = {}
    for name in names:
        new = name
        for pattern, template, old in rules:
            if match := pattern.fullmatch(name):
                new = _fill(template, match.groups())
                used.add(old)
                break
        if new in found:
            raise ArtifactError(f"{source}: --rename makes {new!r} of {found[new]!r} and {name!r}")
        found[new] = name
    for old, new in pairs:
        if old not in used and not any(map(_pattern(new).fullmatch, names)):
            raise ArtifactError(f"--rename: {source} has no {old!r}{nearest(old, names)}")
    return found


def _pattern(old: str) -> re.Pattern[str]:
    return re.compile("(.*)".join(map(re.escape, old.split("*"))))


def _fill(template: str, texts: Sequence[str]) -> str:
    """Put the texts that the stars of a pattern stood for in place of those of the new name."""
    first, *others = template.split("*")
    return first + "".join(text + rest for text, rest in zip(texts, others, strict=False))
