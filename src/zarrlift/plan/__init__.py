"""What will be written, decided once, as frozen data."""
