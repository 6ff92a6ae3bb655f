"""RO-Crate: reading, changing and checking its document, and the ontology terms in it."""
