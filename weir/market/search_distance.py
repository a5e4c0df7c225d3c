"""How far one word is from another, in slips of the fingers. Pure."""

from __future__ import annotations


def slips(typed: str, meant: str, at_most: int) -> int | None:
    """Letters left out, added, mistaken or swapped with their neighbour; None: over `at_most`.

    Each letter takes part in one slip only (optimal string alignment).
    """
    if abs(len(typed) - len(meant)) > at_most:
        return None
    before: list[int] = []
    above = list(range(len(meant) + 1))
    for row, letter in enumerate(typed, 1):
        current = [row]
        for column, other in enumerate(meant, 1):
            cost = min(
                above[column] + 1,
                current[column - 1] + 1,
                above[column - 1] + (letter != other),
            )
            swapped = row > 1 and column > 1 and letter == meant[column - 2]
            if swapped and typed[row - 2] == other:
                cost = min(cost, before[column - 2] + 1)
            current.append(cost)
        if min(current) > at_most:
            return None
        before, above = above, current
    return above[-1] if above[-1] <= at_most else None


def allowed_slips(word: str) -> int:
    """How many slips a word of this length may hold: in a short one every slip is another word."""
    if len(word) < 3:
        return 0
    return 1 if len(word) < 8 else 2
