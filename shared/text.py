"""How text is compared: accent-insensitive search and the natural order of codes."""

import re
import unicodedata


def nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def fold(text: str) -> str:
    """Lower case without marks: ``Đổi mới`` becomes ``doi moi``."""
    decomposed = unicodedata.normalize("NFD", text.lower().replace("đ", "d"))
    return "".join(c for c in decomposed if not unicodedata.combining(c))


def searched(text: str) -> str:
    """Fold the words that are searched for; LIKE's own signs stand for themselves."""
    return re.sub(r"([\\%_])", r"\\\1", fold(text))


def natural_key(code: str) -> str:
    """Make a key under which 1.1.2 comes before 1.1.10 in plain text order."""
    return re.sub(r"\d+", lambda number: number[0].zfill(6), code)


def halves(text: str) -> tuple[str, str]:
    """Part what is said in two languages (``Vietnamese / English``); in one only it stands for both."""
    first, parted, second = text.partition(" / ")
    return (first, second) if parted else (text, text)
