"""Whether the data of a dataset is whole: objects, shard indexes, decoded chunks, the web."""
