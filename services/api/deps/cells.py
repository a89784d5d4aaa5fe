"""Text in a table that spreadsheets open, and back."""

# What a spreadsheet takes for the start of a formula, in full width too.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def safe_text(text: str) -> str:
    """Put an apostrophe before text that would be run as a formula, or that already has one for that."""
    return f"'{text}" if text.lstrip("'").startswith(FORMULA) else text


def plain_text(text: str) -> str:
    """Take away the one apostrophe that ``safe_text`` puts there, or a person."""
    bare = text.lstrip("'")
    return text[1:] if bare != text and bare.startswith(FORMULA) else text
