"""How numbers and days are written in both languages."""

from datetime import date, datetime

from shared.duty import HANOI

MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_TO_VIETNAMESE = str.maketrans(",.", ".,")


def _day(value: date | str) -> date:
    return date.fromisoformat(value) if isinstance(value, str) else value


def day_vi(value: date | str) -> str:
    """Write 24/11/2026."""
    day = _day(value)
    return f"{day.day:02}/{day.month:02}/{day.year}"


def day_en(value: date | str) -> str:
    """Write 24 November 2026."""
    day = _day(value)
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"


def number_en(value: float) -> str:
    """Write 1,234.5: one digit after the point, and none of a whole number."""
    return f"{value:,.1f}".removesuffix(".0")


def number_vi(value: float) -> str:
    """Write 1.234,5."""
    return number_en(value).translate(_TO_VIETNAMESE)


def score_en(value: float) -> str:
    """Write 62.86, as scores are published."""
    return f"{value:.2f}"


def score_vi(value: float) -> str:
    """Write 62,86."""
    return score_en(value).translate(_TO_VIETNAMESE)


def change_en(value: float) -> str:
    """Write +0.76 or −0.10; what is rounded to nothing has no sign."""
    written = f"{value:+.2f}".replace("-", "−")
    return "0.00" if written[1:] == "0.00" else written


def change_vi(value: float) -> str:
    """Write +0,76."""
    return change_en(value).translate(_TO_VIETNAMESE)


def hanoi(moment: str) -> str:
    """Write 08:00 24/11/2026, in Hanoi."""
    return f"{datetime.fromisoformat(moment).astimezone(HANOI):%H:%M %d/%m/%Y}"
