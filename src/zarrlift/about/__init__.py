"""What there is to say of a hierarchy: its readers, its members, pictures. Pure."""
