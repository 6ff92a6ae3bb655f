"""A program's commands: listed under headings, and loaded when they are asked for."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import click


class Group(click.Group):
    """A group whose help lists commands under headings, in the order in which they were added."""

    def __init__(self, *words: Any, **settings: Any) -> None:  # noqa: ANN401 - click's form
        super().__init__(*words, **settings)
        self._headings: dict[str, list[str]] = {}
        self._homes: dict[str, str] = {}

    def add(self, heading: str, command: click.Command) -> None:
        """Add a command under a heading."""
        self.add_command(command)
        self._headings.setdefault(heading, []).append(str(command.name))

    def add_from(self, home: str, *names: str, heading: str | None = None) -> None:
        """Add commands by their names in a module, which is loaded for the one that is called.

        Without a heading, help does not list them.
        """
        self._homes |= dict.fromkeys(names, home)
        if heading is not None:
            self._headings.setdefault(heading, []).extend(names)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Give every name, loaded or not, in the order in which they were added."""
        del ctx
        return self._names()

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Give a command, or None where there is none of that name."""
        if cmd_name in self._homes:
            self._load(cmd_name)
        elif cmd_name not in self.commands:
            self.every_command()  # click looks there for one that is called alike
        return super().get_command(ctx, cmd_name)

    def every_command(self) -> dict[str, click.Command]:
        """Load all commands; by name."""
        for name in self._homes:
            self._load(name)
        return {name: self.commands[name] for name in self._names()}

    def _names(self) -> list[str]:
        return [*dict.fromkeys((*self._homes, *self.commands))]

    def _load(self, name: str) -> None:
        if name not in self.commands:
            self.add_command(getattr(import_module(self._homes[name]), name))

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write each heading with its commands."""
        del ctx
        every = self.every_command()
        for heading, names in self._headings.items():
            rows = [(n, every[n].get_short_help_str(limit=100)) for n in names]
            with formatter.section(heading):
                formatter.write_dl(rows, col_max=12)
