"""Repairs that need no judgement: what is wrong, and can only be meant in one way."""
