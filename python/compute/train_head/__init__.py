"""The compute party of train-head: it trains on ciphertexts with evaluation keys, and cannot hold a secret key.

Estimators, encryption and decryption are the data party's; its package is ``train-head``.
"""

from ._command import CommandError
from ._native import __version__
from .compute import ComputeParty

__all__ = ["CommandError", "ComputeParty"]
