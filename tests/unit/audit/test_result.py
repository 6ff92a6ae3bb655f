"""Counts of tasks come together, and nothing is left out in silence."""

from __future__ import annotations

from zarrlift.audit.result import Tally


def broken(number: int, path: str = "0") -> Tally:
    """What a task found that met so many bad entries."""
    made = Tally()
    for chunk in range(number):
        made.find("shard-entry", path, "an entry's length is absent", (chunk,))
    return made


def test_findings_of_one_task_that_are_left_out_are_counted() -> None:
    """A shard with thousands of bad entries has its first thousand told, and the others counted."""
    whole = Tally()
    whole.add(broken(5000))

    assert len(whole.findings) == 1000
    assert whole.left_out() == [
        "4,000 further findings of shard-entry in 0: the first 1,000 are kept"
    ]


def test_findings_of_several_tasks_are_counted_together() -> None:
    """By node and rule."""
    whole = Tally()
    for part in (broken(700), broken(1300), broken(10, "1")):
        whole.add(part)

    assert len(whole.findings) == 1010
    assert whole.left_out() == [
        "1,000 further findings of shard-entry in 0: the first 1,000 are kept"
    ]
