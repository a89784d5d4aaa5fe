"""Text in a table that spreadsheets open."""

# What a spreadsheet takes for the start of a formula, in full width too.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def safe_text(text: str) -> str:
    """Put an apostrophe before text that would be run as a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text
