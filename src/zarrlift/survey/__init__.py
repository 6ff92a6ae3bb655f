"""Walk a hierarchy once and keep the facts."""
