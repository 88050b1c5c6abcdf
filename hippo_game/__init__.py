"""The library of game servers. It runs in a study's image, and needs nothing but Python."""

# The version of the wheel that publishing puts into images. It is independent of the tool's version.
__version__ = "0.1.0"
