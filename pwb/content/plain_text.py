"""Plain text from whatever a model or a file holds: no markup, no hidden characters."""

import html
import re
import unicodedata

_TAG = re.compile(r"(<!--|-->|</?[A-Za-z][^<>]*>|<[!?][^<>]*>)")
_TAG_NAME = re.compile(r"</?([A-Za-z][A-Za-z0-9]*)")
_PARAGRAPH_TAGS = frozenset(("p", "div", "ul", "ol", "table", "section", "article", "blockquote"))
_LINE_TAGS = frozenset(("br", "li", "tr"))
_HEADING_TAG = re.compile(r"h[1-6]")
_SILENT_TAGS = frozenset(("script", "style"))

_BOLD = re.compile(r"\*\*([^*\n]+)\*\*")
_HEADING = re.compile(r"^#{1,6}[ \t]+", re.MULTILINE)

# Control characters, marks that reorder text or hide it, halves of characters, and non-characters.
_UNWANTED = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064"
    "\u2066-\u206f\ufeff\ufff9-\ufffb\ufdd0-\ufdef\ufffe\uffff\ud800-\udfff\U000e0000-\U000e007f]"
)
_LINE_ENDS = re.compile(r"\r\n?|[\u0085\u2028]")
_SPACES = re.compile(r"[^\S\n]+")
_SPACES_AT_LINE_ENDS = re.compile(r" ?\n ?")
_BLANK_LINES = re.compile(r"\n{3,}")

_SENTENCE_END = re.compile(r"[.!?…][\"'”’»)\]]*(?=\s|$)|[。！？][”」』）]*")
_DANGLING = " \t\n,;:-–—/&|·+(<[{“‘«¿¡、，；：（「『"
_JOINERS = "\u200d\ufe0e\ufe0f"


def without_hidden_characters(text: str) -> str:
    """The text without control, reordering and invisible characters; lines end with \\n."""
    text = _LINE_ENDS.sub("\n", text).replace("\u2029", "\n\n")
    return _UNWANTED.sub("", text)


def one_line(text: str) -> str:
    """The text on one line, with single spaces."""
    return " ".join(without_hidden_characters(text).split())


def is_one_line(text: str) -> bool:
    """Whether nothing in the text ends a line."""
    return len((text + "|").splitlines()) == 1


def paragraphs(text: str) -> str:
    """The text with single spaces and at most one empty line between paragraphs."""
    text = _SPACES.sub(" ", without_hidden_characters(text))
    return _BLANK_LINES.sub("\n\n", _SPACES_AT_LINE_ENDS.sub("\n", text)).strip()


def from_markup(text: str) -> str:
    """Text of HTML or light Markdown: tags dropped, paragraphs kept, entities unescaped once."""
    text = html.unescape(_without_tags(text))
    return paragraphs(_BOLD.sub(r"\1", _HEADING.sub("", text)))


def _without_tags(text: str) -> str:
    kept: list[str] = []
    silent_until: str | None = None
    for index, part in enumerate(_TAG.split(text)):
        is_tag = index % 2 == 1
        if silent_until is not None:
            silent_until = (
                None if is_tag and part.lower().startswith(silent_until) else silent_until
            )
        elif not is_tag:
            kept.append(part)
        else:
            silent_until = _silence(part)
            kept.append(_space_for(part))
    return "".join(kept)


def _silence(tag: str) -> str | None:
    """What ends the silence that this tag opens; None when the text after it is to be read."""
    if tag == "<!--":
        return "-->"
    name = _name_of(tag)
    return f"</{name}" if name in _SILENT_TAGS and not tag.startswith("</") else None


def _space_for(tag: str) -> str:
    name = _name_of(tag)
    if name in _PARAGRAPH_TAGS or _HEADING_TAG.fullmatch(name):
        return "\n\n"
    return "\n" if name in _LINE_TAGS else ""


def _name_of(tag: str) -> str:
    match = _TAG_NAME.match(tag)
    return match.group(1).lower() if match else ""


def cut_at_sentence(text: str, limit: int) -> str:
    """At most `limit` characters, ending with a sentence, or a word where none fits well."""
    if len(text) <= limit:
        return text
    ends = [
        match.end() for match in _SENTENCE_END.finditer(text[: limit + 1]) if match.end() <= limit
    ]
    if ends and ends[-1] >= limit // 3:
        return text[: ends[-1]].rstrip()
    return cut_at_word(text, limit)


def cut_at_word(text: str, limit: int) -> str:
    """At most `limit` characters, ending with a whole word and no dangling punctuation."""
    if len(text) <= limit:
        return text
    end = _word_end(text, limit)
    cut = text[:end].rstrip(_DANGLING)
    if cut.rfind("(") > cut.rfind(")"):
        cut = cut[: cut.rfind("(")].rstrip(_DANGLING) or cut
    return cut


def _word_end(text: str, limit: int) -> int:
    end = max(text.rfind(" ", 0, limit + 1), text.rfind("\n", 0, limit + 1))
    if end > limit // 2:
        return end
    end = limit
    while end > 1 and _belongs_to_the_one_before(text, end):
        end -= 1
    return end


def _belongs_to_the_one_before(text: str, index: int) -> bool:
    here, before = text[index], text[index - 1]
    return bool(unicodedata.combining(here)) or here in _JOINERS or before == "\u200d"
