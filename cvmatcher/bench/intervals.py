"""How sure a share counted on so many cases is."""

from __future__ import annotations

from math import sqrt

Z = 1.96  # 95 %


def wilson(hits: int, cases: int) -> list[float]:
    """[share, lower, upper] of the score interval by Wilson, 95 %, three decimals; [] of no case."""
    if not cases:
        return []
    share, z2 = hits / cases, Z * Z
    middle = (share + z2 / (2 * cases)) / (1 + z2 / cases)
    half = Z * sqrt(share * (1 - share) / cases + z2 / (4 * cases * cases)) / (1 + z2 / cases)
    return [round(share, 3), round(max(0.0, middle - half), 3), round(min(1.0, middle + half), 3)]
