"""The languages listings are written in."""

LOCALES: dict[str, str] = {
    "en": "English",
    "es": "Spanish",
    "fr": "French",
    "de": "German",
    "pt": "Portuguese",
    "it": "Italian",
    "nl": "Dutch",
    "ru": "Russian",
    "zh": "Chinese",
    "ja": "Japanese",
}
"""Locale code to the English name of the language."""

# Chinese and Japanese are written without spaces, so their length is asked for in characters.
_CHARACTERS_PER_WORD = {"zh": 2, "ja": 2}


def length_in_words(locale: str, words: int) -> str:
    """How to ask for a length: "about 150 words", or in characters where words are not spaced."""
    per_word = _CHARACTERS_PER_WORD.get(locale)
    return f"about {words * per_word} characters" if per_word else f"about {words} words"
