"""`python -m zarrlift`."""

from zarrlift.cli import main

main()
