"""Text out of an answer that is still being written."""

import re

from pwb.content.answer_fields import LONGEST_NAME, field_named

_STRUCTURE = re.compile(r'[{}\[\]:,"]')
_PLAIN_RUN = re.compile(r'[^"\\]+')
_SURROGATE = re.compile("[\ud800-\udfff]")
_HEX_DIGITS = frozenset("0123456789abcdefABCDEF")
_ESCAPES = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_REPLACEMENT = "\ufffd"


class FieldStream:
    """Turns the pieces of a JSON answer into text per field, as they come.

    Takes prose or a code fence before the object and objects around it in its stride. Each field is
    given once: the first string under its name. Never raises; the work is linear in what is fed.
    """

    def __init__(self) -> None:
        self._containers: list[str] = []
        self._value_comes = False
        self._name = ""
        self._given: set[str] = set()
        self._in_string = False
        self._is_name = False
        self._field: str | None = None
        self._escape = ""
        self._high_surrogate = 0
        self._pieces: list[tuple[str, str]] = []

    def feed(self, delta: str) -> list[tuple[str, str]]:
        """Takes the next piece of the answer; gives the (field, text) pairs it holds, in order."""
        position = 0
        while position < len(delta):
            if not self._in_string:
                position = self._step_between_strings(delta, position)
            elif self._escape:
                position = self._step_in_escape(delta, position)
            else:
                position = self._step_in_string(delta, position)
        pieces, self._pieces = self._pieces, []
        return _joined(pieces)

    def _step_between_strings(self, delta: str, position: int) -> int:
        if not self._containers:
            start = delta.find("{", position)
            if start < 0:
                return len(delta)
            self._open("{")
            return start + 1
        match = _STRUCTURE.search(delta, position)
        if match is None:
            return len(delta)
        self._take_structure(match.group())
        return match.end()

    def _take_structure(self, character: str) -> None:
        if character in "{[":
            self._open(character)
        elif character in "}]":
            self._containers.pop()
            self._value_comes = False
        elif character == '"':
            self._start_string()
        else:
            self._value_comes = character == ":"

    def _open(self, character: str) -> None:
        self._containers.append(character)
        self._value_comes = False

    def _start_string(self) -> None:
        in_object = self._containers[-1] == "{"
        self._in_string = True
        self._is_name = in_object and not self._value_comes
        self._field = None
        if self._is_name:
            self._name = ""
        elif in_object:
            self._field = self._field_to_give()

    def _field_to_give(self) -> str | None:
        field = field_named(self._name)
        if field is None or field in self._given:
            return None
        self._given.add(field)
        return field

    def _end_string(self) -> None:
        self._drop_lone_surrogate()
        self._in_string = False
        self._value_comes = False

    def _step_in_string(self, delta: str, position: int) -> int:
        run = _PLAIN_RUN.match(delta, position)
        if run is not None:
            self._drop_lone_surrogate()
            self._write(_SURROGATE.sub(_REPLACEMENT, run.group()))
            return run.end()
        if delta[position] == '"':
            self._end_string()
        else:
            self._escape = "\\"
        return position + 1

    def _step_in_escape(self, delta: str, position: int) -> int:
        character = delta[position]
        if self._escape == "\\" and character != "u":
            self._escape = ""
            self._drop_lone_surrogate()
            self._write(_ESCAPES.get(character, _SURROGATE.sub(_REPLACEMENT, character)))
        elif self._escape != "\\" and character not in _HEX_DIGITS:
            return self._give_up_escape(position)
        else:
            self._escape += character
            self._end_escape_when_complete()
        return position + 1

    def _give_up_escape(self, position: int) -> int:
        """A broken \\u escape becomes a replacement character; what broke it is read as text."""
        self._escape = ""
        self._drop_lone_surrogate()
        self._write(_REPLACEMENT)
        return position

    def _end_escape_when_complete(self) -> None:
        if len(self._escape) < len("\\u0000"):
            return
        code = int(self._escape[2:], 16)
        self._escape = ""
        high, is_low = self._high_surrogate, 0xDC00 <= code <= 0xDFFF
        if high and is_low:
            self._high_surrogate = 0
            self._write(chr(0x10000 + ((high - 0xD800) << 10) + (code - 0xDC00)))
            return
        self._drop_lone_surrogate()
        if 0xD800 <= code <= 0xDBFF:
            self._high_surrogate = code
        else:
            self._write(_REPLACEMENT if is_low else chr(code))

    def _drop_lone_surrogate(self) -> None:
        if self._high_surrogate:
            self._high_surrogate = 0
            self._write(_REPLACEMENT)

    def _write(self, text: str) -> None:
        if self._is_name:
            # A longer name is no field; one character over the limit is enough to know.
            self._name += text[: LONGEST_NAME + 1 - len(self._name)]
        elif self._field is not None:
            self._pieces.append((self._field, text))


def _joined(pieces: list[tuple[str, str]]) -> list[tuple[str, str]]:
    joined: list[tuple[str, list[str]]] = []
    for field, text in pieces:
        if joined and joined[-1][0] == field:
            joined[-1][1].append(text)
        else:
            joined.append((field, [text]))
    return [(field, "".join(texts)) for field, texts in joined]
