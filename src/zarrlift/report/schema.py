"""The number that every result in JSON states: it changes where a name or a meaning does."""

SCHEMA = 1
