"""Models that tests make, as scripts of 2016 to 2020 did, in all forms in which they are kept."""

from . import control, dense_nets, images, inputs, sequences, texts, unprovable
from .model import MODELS, Ends, MadeModel

__all__ = ["MODELS", "Ends", "MadeModel"]

FAMILIES = (control, dense_nets, images, inputs, sequences, texts, unprovable)
