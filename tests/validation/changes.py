"""Changes that break a tree, by the path of a document and the way to a member in it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from tests.validation.trees import Json, Tree, inner

Change: TypeAlias = Callable[[Tree], None]


def put(path: str, document: Json | bytes) -> Change:
    """Put a document, in place of another where there is one."""

    def change(tree: Tree) -> None:
        tree[path] = document

    return change


def assign(path: str, *way: str | int, **members: object) -> Change:
    """Set members of an object; a name that Python cannot spell goes with `assign_to`."""

    def change(tree: Tree) -> None:
        inner(tree[path], *way).update(members)

    return change


def assign_to(path: str, *way: str | int, value: object) -> Change:
    """Set what lies at the end of a way, in an object or a list."""

    def change(tree: Tree) -> None:
        found: object = tree[path]
        for step in way[:-1]:
            found = found[step]  # type: ignore[index]
        found[way[-1]] = value  # type: ignore[index]

    return change


def drop(path: str, *way: str | int) -> Change:
    """Remove what lies at the end of a way; without one, the document itself."""

    def change(tree: Tree) -> None:
        found: object = tree
        steps = (path, *way)
        for step in steps[:-1]:
            found = found[step]  # type: ignore[index]
        del found[steps[-1]]  # type: ignore[attr-defined]

    return change


def drop_folder(folder: str) -> Change:
    """Remove all that lies in a folder."""

    def change(tree: Tree) -> None:
        for path in [p for p in tree if p.startswith(f"{folder}/")]:
            del tree[path]

    return change


def add(more: Tree) -> Change:
    """Add documents."""

    def change(tree: Tree) -> None:
        tree.update(more)

    return change


def rename(name: str, other: str) -> Change:
    """Rename a folder."""

    def change(tree: Tree) -> None:
        for path in [p for p in tree if p.startswith(f"{name}/")]:
            tree[other + path.removeprefix(name)] = tree.pop(path)

    return change


def each(*changes: Change) -> Change:
    """Make several changes, one after another."""

    def change(tree: Tree) -> None:
        for one in changes:
            one(tree)

    return change
