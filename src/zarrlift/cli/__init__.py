"""The command line: words in, one call of the front door, words out."""

from zarrlift.cli.app import main

__all__ = ["main"]
