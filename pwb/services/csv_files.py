"""A CSV file as a stream of rows: encoding, separator, line numbers, and what is no CSV at all."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

from pwb.errors import InvalidInput

PEEK_BYTES = 64 * 1024
LONGEST_LINE = 1024 * 1024
_BYTE_ORDER_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_NEVER_TEXT = bytes(set(range(32)) - set(b"\t\n\v\f\r\x1a\x1b"))
NO_CSV = "This is not a CSV file."


def _as_windows(error: UnicodeError) -> tuple[str, int]:
    """Bytes that are not UTF-8 come from a spreadsheet that saves in Windows' own encoding."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    wrong = error.object[error.start : error.end]
    return wrong.decode("cp1252", errors="replace"), error.end


codecs.register_error("pwb.as_windows", _as_windows)


@dataclass(frozen=True, slots=True)
class Row:
    """One record: the physical line it starts on, counted from 1, and its cells."""

    line: int
    cells: list[str]


@dataclass(frozen=True, slots=True)
class BrokenRow:
    """A record that cannot be taken apart, and why."""

    line: int
    reason: str


class _Counted(io.RawIOBase):
    """Counts the bytes read, so that progress can be told."""

    def __init__(self, stream: BinaryIO) -> None:
        super().__init__()
        self.stream = stream
        self.count = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        data = self.stream.read(len(buffer))
        buffer[: len(data)] = data
        self.count += len(data)
        return len(data)


@dataclass(slots=True)
class CsvFile:
    """An opened file: `header` is read, the rest is not. `bytes_read` grows while rows are read."""

    header: list[str]
    separator: str
    lines: Iterator[str]
    counted: _Counted
    first_line: int

    @property
    def bytes_read(self) -> int:
        return self.counted.count

    def rows(self) -> Iterator[Row | BrokenRow]:
        """The records after the header in order; empty lines are left out."""
        reader = csv.reader(self.lines, delimiter=self.separator, strict=True)
        while True:
            line = self.first_line + reader.line_num
            try:
                cells = next(reader)
            except StopIteration:
                return
            except InvalidInput as error:
                yield BrokenRow(line, f"{error.message} Nothing from here on could be read.")
                return
            except csv.Error as error:
                yield BrokenRow(line, _reason(error))
                continue
            if any(cell.strip() for cell in cells):
                yield Row(line, cells)


def _reason(error: csv.Error) -> str:
    text = str(error)
    if "field larger" in text or "end of data" in text:
        return (
            "A quotation mark opens a cell here and none closes it. "
            "What follows up to the end or the cell's limit could not be read."
        )
    return "A quotation mark inside a quoted cell must be written twice."


def open_csv(stream: BinaryIO) -> CsvFile:
    """Read the header of a CSV file in UTF-8, UTF-16 with its mark, or Windows' encoding.

    Commas, semicolons and tabs may separate. Raises InvalidInput for what is no such file.
    """
    counted = _Counted(stream)
    buffered = io.BufferedReader(counted, PEEK_BYTES)
    start = buffered.peek(PEEK_BYTES)
    if not start.strip():
        raise _refused("This file is empty.")
    text = io.TextIOWrapper(
        buffered, encoding=_encoding(start), errors="pwb.as_windows", newline=""
    )
    lines = _lines(text)
    skipped, first = _first_filled(lines)
    separator = max(",;\t", key=first.count)
    try:
        header = next(csv.reader([first], delimiter=separator, strict=True))
    except csv.Error:
        raise _refused("The first line must name the columns.") from None
    return CsvFile(header, separator, lines, counted, first_line=skipped + 2)


def _encoding(start: bytes) -> str:
    if start.startswith(_BYTE_ORDER_MARKS):
        return "utf-16"
    if start.translate(None, _NEVER_TEXT) != start:
        raise _refused(NO_CSV)
    return "utf-8-sig"


def _lines(text: io.TextIOWrapper) -> Iterator[str]:
    """The file's physical lines; one of a megabyte is none that a person or program wrote."""
    while line := text.readline(LONGEST_LINE):
        if len(line) == LONGEST_LINE and not line.endswith(("\n", "\r")):
            raise _refused(NO_CSV)
        yield line


def _first_filled(lines: Iterator[str]) -> tuple[int, str]:
    for number, line in enumerate(lines):
        if line.strip(" ,;\t\r\n"):
            return number, line
    raise _refused("This file is empty.")


def _refused(message: str) -> InvalidInput:
    advice = "" if message != NO_CSV else " Save the table as CSV (comma-separated text) first."
    return InvalidInput(message, fields={"file": [message + advice]})
