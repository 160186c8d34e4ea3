"""Letters of other scripts that pass for Latin ones, so that a word reads as it looks.

"fаmilies" with a Cyrillic "а" looks like "families" to a reader and like nothing to a word list.
"""

import re

from pwb.content.vocabulary import without_accents

_TWINS = {
    "АаВЕеКкМНОоРрСсТУуХхІіЈјЅѕԚԛԜԝҺһӀӏь": "AaBEeKkMHOoPpCcTYyXxIiJjSsQqWwHhIlb",
    "ΑαΒΕΖΗΙιΚκΜΝνΟοΡρΤτΥυΧχγ": "AaBEZHIiKkMNvOoPpTtYuXxy",
    "հոսօցԼՏՕ": "hnuogLSO",
    "ɑɡɩɪʀɴʟʏɢʜʙᴀᴄᴅᴇꜰᴊᴋᴍᴏᴘꜱᴛᴜᴠᴡᴢ": "agiirnlyghbacdefjkmopstuvwz",
}
_TABLE = {
    ord(letter): latin
    for letters, latins in _TWINS.items()
    for letter, latin in zip(letters, latins, strict=True)
}
_TWIN = re.compile(f"[{''.join(map(chr, _TABLE))}]")
_WORD = re.compile(r"(?:[^\W\d_][\u0300-\u036f]*)+")
_LATIN = re.compile("[A-Za-z]")


def in_latin(text: str) -> str:
    """The text, as long as before, with Latin letters in words that only look Latin.

    A word of another script stays as it is, also where all its letters have twins ("сор"),
    unless the text around it is Latin.
    """
    if text.isascii() or not _TWIN.search(text):
        return text
    mostly_latin = 2 * len(_LATIN.findall(text)) > len(text.replace(" ", ""))
    return _WORD.sub(lambda found: _read(found[0], mostly_latin), text)


def _read(word: str, mostly_latin: bool) -> str:
    if word.isascii() or not _TWIN.search(word):
        return word
    latin = word.translate(_TABLE)
    mixed = _LATIN.search(word) is not None
    return latin if (mixed or mostly_latin) and without_accents(latin).isascii() else word
