"""Encoded chunks: where they lie, whether they are whole, and what is in them."""
