"""Sample datasets, drawn rather than recorded: something realistic to lift, without a network."""

from zarrlift.demo.write import Demo, Kind, write_demo

__all__ = ["Demo", "Kind", "write_demo"]
