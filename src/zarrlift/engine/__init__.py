"""Carries out units on threads: each unit is one object of the target."""
