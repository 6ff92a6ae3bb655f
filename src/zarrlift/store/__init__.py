"""Bytes by key: the only room that touches a file system."""
