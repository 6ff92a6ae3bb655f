"""Documents as values: layouts, codecs, data types and the OME members of a group."""
