"""Rules over a hierarchy as it stands."""
