from . import plot as plot
from ._native import DivergedError as DivergedError
from ._native import ParametersError as ParametersError
from .classifiers import EncryptedLogisticRegression as EncryptedLogisticRegression
from .classifiers import EncryptedMLPClassifier as EncryptedMLPClassifier
from .classifiers import EncryptedSoftmax as EncryptedSoftmax
from .client import Client as Client
from .compute import CommandError as CommandError
from .compute import ComputeParty as ComputeParty
from .custom import EncryptedCustomHead as EncryptedCustomHead
from .joint import JointParty as JointParty
from .parties import DataParty as DataParty
from .regressor import EncryptedRidge as EncryptedRidge
from .report import Estimate as Estimate
from .report import Report as Report
from .tables import TableEncoder as TableEncoder
from .text import EncryptedTextClassifier as EncryptedTextClassifier
from .text import TextEncoder as TextEncoder

__version__: str
__all__: list[str]
