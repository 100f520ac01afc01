"""What is installed and found on this machine, what is fast or slow on it, and what is missing.

Nothing is sent, and torch is not imported: packages are asked for their versions by their metadata,
and encoders are looked for where they would be, without loading one.
"""

from linker.doctor.advice import missing_of, speed_of
from linker.doctor.diagnosis import EXTRAS, Diagnosis, diagnose
from linker.doctor.indexes import FoundIndex, find_index, index_folders
from linker.doctor.machine import Machine, gpus, look_at_machine

__all__ = [
    "EXTRAS",
    "Diagnosis",
    "FoundIndex",
    "Machine",
    "diagnose",
    "find_index",
    "gpus",
    "index_folders",
    "look_at_machine",
    "missing_of",
    "speed_of",
]
