"""BioLORD's three phases on the user's own terminology: an index and a base to an encoder."""

from linker.train.card import TrainReport
from linker.train.job import train_encoder
from linker.train.settings import TrainSettings

__all__ = ["TrainReport", "TrainSettings", "train_encoder"]
