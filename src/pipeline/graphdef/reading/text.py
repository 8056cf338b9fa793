"""Parsing messages as text (`.pbtxt`), fast enough for the values of a model.

Protobuf's own parser for Python needs minutes and gigabytes for strings of some megabytes.
"""

import re
from typing import Any

from google.protobuf.descriptor import FieldDescriptor

MAX_DEPTH = 100  # as in protobuf

_TOKEN = re.compile(
    r"""(?:[ \t\r\n\f\v]|\#[^\n]*)*+
    (?: (?P<word>[A-Za-z_]\w*+)
      | (?P<number>-?(?:[\d.](?:[eE][+-]|[\w.])*+|[A-Za-z]\w*+))
      | (?P<text>"(?:[^"\\\n]|\\.)*+"|'(?:[^'\\\n]|\\.)*+')
      | (?P<mark>[:{}<>\[\]./,;])
      | (?P<end>\Z) )""",
    re.VERBOSE | re.DOTALL,
)
_CLOSING = {"{": "}", "<": ">"}


class TextError(ValueError):
    """The text is not a message of the expected kind."""


def parse(text: str, message: Any) -> None:
    """Parse a text into an empty message.

    Raises:
        TextError: it says what is wrong, and in which line.
    """
    tokens = _Tokens(text)
    try:
        _fields(tokens, message, "", 0)
    except (ValueError, KeyError, TypeError) as error:
        if isinstance(error, TextError):
            raise
        raise tokens.error(f"a value that does not fit: {error}") from None


class _Tokens:
    """The tokens of a text, with the next one at hand."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._matches = _TOKEN.finditer(text)
        self._position = 0
        self.kind = self.value = ""
        self.advance()

    def advance(self) -> str:
        """Go to the next token, and return the one before."""
        before = self.value
        found = next(self._matches, None)
        if found is None or found.start() != self._position:
            raise self.error("a character that means nothing, or no end")
        self._position = found.end()
        self.kind = found.lastgroup or ""
        self.value = found[self.kind]
        return before

    def take(self, value: str) -> bool:
        """Go on if a token with this value is next; tell whether it was."""
        if self.value != value or self.kind == "text":
            return False
        self.advance()
        return True

    def separate(self) -> None:
        """Skip a separator of fields, if there is one."""
        if self.value in (",", ";"):
            self.take(self.value)

    def error(self, what: str) -> TextError:
        line = self._text.count("\n", 0, self._position) + 1
        return TextError(f"line {line}: {what}")


def _fields(tokens: _Tokens, message: Any, closing: str, depth: int) -> None:
    """Parse fields up to a closing bracket, or to the end."""
    if depth > MAX_DEPTH:
        raise tokens.error(f"messages are nested more than {MAX_DEPTH} deep")
    known = message.DESCRIPTOR.fields_by_name
    while not (tokens.kind == "end" if not closing else tokens.take(closing)):
        name = tokens.advance()
        if name == "[" and message.DESCRIPTOR.full_name == "google.protobuf.Any":
            _skip(tokens)
            continue
        if name not in known:
            raise tokens.error(f"{message.DESCRIPTOR.name} has no field {name[:60]!r}")
        field = known[name]
        tokens.take(":")
        if not tokens.take("["):
            _value(tokens, message, field, depth)
        elif not tokens.take("]"):
            _value(tokens, message, field, depth)
            while tokens.take(","):
                _value(tokens, message, field, depth)
            if not tokens.take("]"):
                raise tokens.error("a list that does not end")
        tokens.separate()


def _skip(tokens: _Tokens) -> None:
    """Skip the type and the fields of what could be any message: nothing here reads it."""
    while tokens.kind != "end" and not tokens.take("]"):
        tokens.advance()
    depth = 0
    while tokens.kind != "end":
        depth += tokens.value in _CLOSING and tokens.kind == "mark"
        depth -= tokens.value in _CLOSING.values() and tokens.kind == "mark"
        tokens.advance()
        if not depth:
            break


def _value(tokens: _Tokens, message: Any, field: Any, depth: int) -> None:
    """Parse one value of a field."""
    values = getattr(message, field.name)
    if field.message_type is None:
        value = _scalar(tokens, field)
        if field.is_repeated:
            values.append(value)
        else:
            setattr(message, field.name, value)
        return
    closing = _CLOSING.get(tokens.advance())
    if closing is None:
        raise tokens.error(f"{field.name} is a message")
    if field.message_type.GetOptions().map_entry:
        _entry(tokens, values, field.message_type, closing, depth)
    elif field.is_repeated:
        _fields(tokens, values.add(), closing, depth + 1)
    else:
        values.SetInParent()
        _fields(tokens, values, closing, depth + 1)


def _entry(tokens: _Tokens, values: Any, entry: Any, closing: str, depth: int) -> None:
    """Parse a key and its value into a map."""
    key = entry.fields_by_name["key"].default_value
    if tokens.take("key"):
        tokens.take(":")
        key = _scalar(tokens, entry.fields_by_name["key"])
        tokens.separate()
    if not tokens.take("value"):
        raise tokens.error("an entry without value, or with a value before its key")
    tokens.take(":")
    field = entry.fields_by_name["value"]
    if field.message_type is None:
        values[key] = _scalar(tokens, field)
        opened = ""
    else:
        opened = _CLOSING.get(tokens.advance(), "")
        _fields(tokens, values[key], opened, depth + 1)
    tokens.separate()
    if not tokens.take(closing):
        raise tokens.error("an entry with more than a key and a value")


def _scalar(tokens: _Tokens, field: Any) -> Any:
    kind, value = tokens.kind, tokens.advance()
    match field.cpp_type:
        case FieldDescriptor.CPPTYPE_STRING:
            return _text(tokens, kind, value, field)
        case FieldDescriptor.CPPTYPE_BOOL:
            return {"true": True, "t": True, "1": True, "false": False, "f": False, "0": False}[
                value.lower()
            ]
        case FieldDescriptor.CPPTYPE_ENUM:
            named = field.enum_type.values_by_name.get(value)
            return int(value) if named is None else named.number
        case FieldDescriptor.CPPTYPE_FLOAT | FieldDescriptor.CPPTYPE_DOUBLE:
            return _number(value.lower())
        case _:
            return int(value, 0)


def _number(value: str) -> float:
    """Read a number, which may have the suffix of C: `1.5f`, and `-inf`, which has none."""
    try:
        return float(value)
    except ValueError:
        return float(value.removesuffix("f"))


def _text(tokens: _Tokens, kind: str, value: str, field: Any) -> str | bytes:
    parts = []
    while kind == "text":
        parts.append(_unescape(value[1:-1]))
        if tokens.kind != "text":
            break
        kind, value = tokens.kind, tokens.advance()
    if not parts:
        raise tokens.error(f"{field.name} is a text")
    content = b"".join(parts)
    is_bytes = field.type == FieldDescriptor.TYPE_BYTES
    return content if is_bytes else content.decode("utf-8")


def _unescape(text: str) -> bytes:
    content = text.encode("utf-8")
    if b"\\" not in content:
        return content
    return content.decode("unicode_escape").encode("latin-1")
