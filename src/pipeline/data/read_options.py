"""How to read a table, as far as its file does not tell; the keys of `data` have the same names."""

from dataclasses import dataclass
from typing import Self

from pipeline.schema.data import TableData


@dataclass(frozen=True)
class ReadOptions:
    """How to read a table.

    Attributes:
        separator: between the cells of a CSV file: one character, a name, or `auto`.
        decimal: sign of the numbers in a CSV file: `.`, `,` or `auto`.
        pattern: names of the files to read in a folder, with `*` and `?`; None means all.
        na_values: cells that count as empty, in any column.
    """

    separator: str = "auto"
    decimal: str = "auto"
    pattern: str | None = None
    na_values: tuple[str, ...] = ()

    @classmethod
    def of(cls, settings: TableData) -> Self:
        """Return the options that a configuration chooses."""
        return cls(
            settings.separator, settings.decimal, settings.pattern, tuple(settings.na_values)
        )
