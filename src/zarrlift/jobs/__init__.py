"""A lift from beginning to end: claim, objects, files, verification, documents."""
