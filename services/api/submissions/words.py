"""Numbers as findings tell them, in English and in Vietnamese. Pure."""

import math


def en(number: float | None) -> str:
    if number is None:
        return "any"
    return f"{number:,.6g}" if math.isfinite(number) else "infinitely many"


def vi(number: float | None) -> str:
    if number is None:
        return "bất kỳ"
    if not math.isfinite(number):
        return "vô cùng"
    return f"{number:,.6g}".translate(str.maketrans(",.", ".,"))
