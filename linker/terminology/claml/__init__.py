"""ClaML: the classifications of the WHO and of national centres."""
