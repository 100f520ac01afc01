"""Overlays: changes that lie over the files of an index, which stay as they are."""
