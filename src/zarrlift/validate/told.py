"""Problems whose message begins with what it is about."""

from __future__ import annotations

from zarrlift.validate.rule import Problem


def at(pointer: str, message: str, whole: str = "multiscales") -> Problem:
    """Make a problem whose message names the member that the pointer leads to.

    `whole` is what the subject's value is called, for pointers that lead no further.
    """
    steps = pointer.split("/")[1:]
    number = f"[{steps.pop()}]" if steps and steps[-1].isdigit() else ""
    name = steps[-1] if steps and not steps[-1].isdigit() else whole
    return Problem(pointer, f"{name}{number} {message}")
