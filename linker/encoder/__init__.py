"""Strings to unit vectors: the sentence encoders, and the table of the known ones."""

from linker.encoder.backend import BACKENDS, backend_of
from linker.encoder.base import Encoder, EncoderIdentity, HungryEncoder, Vectors
from linker.encoder.by_name import load_encoder
from linker.encoder.found import find_encoder, find_export_place
from linker.encoder.known import KNOWN_ENCODERS, KnownEncoder
from linker.encoder.own import own_encoder, refuse_other

__all__ = [
    "BACKENDS",
    "KNOWN_ENCODERS",
    "Encoder",
    "EncoderIdentity",
    "HungryEncoder",
    "KnownEncoder",
    "Vectors",
    "backend_of",
    "find_encoder",
    "find_export_place",
    "load_encoder",
    "own_encoder",
    "refuse_other",
]
