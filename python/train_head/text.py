"""Texts: our encoder as a transformer, and a classifier of texts with SetFit's surface."""

import json
import os
from pathlib import Path

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin, clone
from sklearn.utils.validation import check_is_fitted

from . import _native, classifiers
from ._progress import Progress

DEFAULT_MODEL = "sentence-transformers/all-MiniLM-L6-v2"
_FORMAT = "train_head text classifier 1"


class TextEncoder(TransformerMixin, BaseEstimator):
    """A frozen text encoder: texts to embeddings, on the data party's machine.

    Parameters
    ----------
    model : str, path-like or SentenceTransformer, default="sentence-transformers/all-MiniLM-L6-v2"
        Folder of a sentence-transformers model, its name on the hub, or any object with ``encode(texts)``.
    max_seq_length : int, default=None
        Most tokens that are embedded at once; the model's if None.
    long_text : {"mean", "head-tail", "truncate"}, default="mean"
        What becomes of texts with more tokens: the mean of overlapping windows, beginning and end, or the beginning.
    prompt : str, default=None
        Text before every text; the model's if None, none if empty.
    normalize : bool, default=False
        Whether embeddings get length 1 even if the model leaves them as they are.
    truncate_dim : int, default=None
        Components that are kept; all if None.
    dtype : {"auto", "float32", "bfloat16"}, default="auto"
        Numbers that the encoder multiplies in: bfloat16 where the processor has AVX512-BF16, else float32, if "auto".
    offline : bool, default=False
        Whether no connection may be opened. ``HF_HOME`` and ``HF_HUB_OFFLINE`` are honoured.
    verbose : int, default=0
        With 1, a bar.

    Examples
    --------
    >>> from train_head import TextEncoder
    >>> encoder = TextEncoder("models/all-MiniLM-L6-v2")            # doctest: +SKIP
    >>> encoder.encode(["No evidence of malignancy."]).shape        # doctest: +SKIP
    (1, 384)
    """

    def __init__(
        self,
        model=DEFAULT_MODEL,
        *,
        max_seq_length=None,
        long_text="mean",
        prompt=None,
        normalize=False,
        truncate_dim=None,
        dtype="auto",
        offline=False,
        verbose=0,
    ):
        self.model = model
        self.max_seq_length = max_seq_length
        self.long_text = long_text
        self.prompt = prompt
        self.normalize = normalize
        self.truncate_dim = truncate_dim
        self.dtype = dtype
        self.offline = offline
        self.verbose = verbose

    def __getstate__(self):
        state = dict(super().__getstate__())
        # read again from its files
        state.pop("_loaded", None)
        return state

    def __sklearn_is_fitted__(self):
        return True

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.requires_fit = False
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        tags.input_tags.one_d_array = True
        return tags

    def fit(self, texts=None, y=None):
        """Do nothing: the encoder is frozen."""
        return self

    def transform(self, texts):
        """Embed texts, as ``encode``."""
        return self.encode(texts)

    def encode(self, texts):
        """Embed texts.

        Parameters
        ----------
        texts : iterable of str
            The texts.

        Returns
        -------
        ndarray of shape (n_texts, dimension), dtype float32
            An embedding for each, which does not depend on the other texts.
        """
        texts = _texts(texts)
        if self._is_foreign():
            return np.asarray(self.model.encode(texts), dtype=np.float32).reshape(len(texts), -1)
        with Progress(self.verbose) as progress:
            return self._encoder().encode(texts, progress)

    @property
    def info(self):
        """Identity and settings of the encoder, with the SHA-256 of its weights; None for one that is not ours."""
        return None if self._is_foreign() else json.loads(self._encoder().info())

    def _is_foreign(self):
        return not isinstance(self.model, (str, os.PathLike))

    def _encoder(self):
        asked = (
            str(self.model),
            self.max_seq_length,
            self.long_text,
            self.prompt,
            self.normalize,
            self.truncate_dim,
            self.dtype,
        )
        kept = self.__dict__.get("_loaded")
        if kept is None or kept[0] != asked:
            encoder = _native.TextEncoder(
                str(self.model),
                max_seq_length=self.max_seq_length,
                long_text=self.long_text,
                prompt=self.prompt,
                normalize=self.normalize,
                truncate_dim=self.truncate_dim,
                dtype=self.dtype,
                offline=self.offline,
            )
            self._loaded = kept = (asked, encoder)
        return kept[1]


class EncryptedTextClassifier(ClassifierMixin, BaseEstimator):
    """A text classifier: a frozen encoder in the clear, and a head that is trained on encrypted embeddings.

    Parameters
    ----------
    encoder : str, path-like, TextEncoder or SentenceTransformer, default="sentence-transformers/all-MiniLM-L6-v2"
        What makes embeddings of texts.
    head : estimator, default=None
        A classifier of this package; ``EncryptedLogisticRegression()`` if None.

    Attributes
    ----------
    head_ : estimator
        The trained head.
    encoder_ : TextEncoder
        The encoder.
    classes_ : ndarray of shape (n_classes,)
        The classes.

    Examples
    --------
    >>> from train_head import EncryptedTextClassifier
    >>> model = EncryptedTextClassifier("models/all-MiniLM-L6-v2").fit(texts, labels)   # doctest: +SKIP
    >>> model.predict(["Biopsy shows invasive carcinoma."])                             # doctest: +SKIP
    """

    def __init__(self, encoder=DEFAULT_MODEL, head=None):
        self.encoder = encoder
        self.head = head

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        tags.input_tags.one_d_array = True
        return tags

    def fit(self, texts, y, sample_weight=None):
        """Embed texts and train the head on the encrypted embeddings: both parties in this process.

        Parameters
        ----------
        texts : iterable of str
            The texts.
        y : array-like of shape (n_texts,)
            Their classes.
        sample_weight : array-like of shape (n_texts,), default=None
            How much each text counts.

        Returns
        -------
        self
            The fitted classifier.
        """
        self.encoder_ = self.encoder if isinstance(self.encoder, TextEncoder) else TextEncoder(self.encoder)
        head = classifiers.EncryptedLogisticRegression() if self.head is None else clone(self.head)
        self.head_ = head.fit(self.encoder_.encode(texts), y, sample_weight=sample_weight)
        return self

    @property
    def classes_(self):
        """The classes."""
        return self.head_.classes_

    @property
    def report_(self):
        """Plan, twins and seconds of the last ``fit``."""
        return self.head_.report_

    def predict(self, texts):
        """Classes of texts.

        Parameters
        ----------
        texts : str or iterable of str
            The texts, or one.

        Returns
        -------
        ndarray of shape (n_texts,), or a class for one text
            The likeliest classes.
        """
        return self._of_each(texts, "predict")

    def predict_proba(self, texts):
        """Probabilities of texts.

        Parameters
        ----------
        texts : str or iterable of str
            The texts, or one.

        Returns
        -------
        ndarray of shape (n_texts, n_classes), or (n_classes,) for one text
            Those of each class, in the order of ``classes_``.
        """
        return self._of_each(texts, "predict_proba")

    __call__ = predict

    def _of_each(self, texts, method):
        """What a method of the head says of each text, or of one."""
        check_is_fitted(self, "head_")
        one = isinstance(texts, str)
        found = getattr(self.head_, method)(self.encoder_.encode([texts] if one else texts))
        return found[0] if one else found

    def to_sklearn(self, *, private=False):
        """The trained head of embeddings as an estimator of scikit-learn alone: see ``to_sklearn`` of the head.

        Parameters
        ----------
        private : bool, default=False
            Whether to give the decrypted head, which is as secret as the key. Otherwise it is the exact twin, which was never decrypted.

        Returns
        -------
        estimator
            A fitted estimator of embeddings.
        """
        check_is_fitted(self, "head_")
        return self.head_.to_sklearn(private=private)

    def to_onnx(self, path, *, private=False):
        """Write the trained head of embeddings as an ONNX model.

        Parameters
        ----------
        path : path-like
            The file.
        private : bool, default=False
            As of ``to_sklearn``.
        """
        check_is_fitted(self, "head_")
        self.head_.to_onnx(path, private=private)

    def to_skops(self, path, *, private=False):
        """Write what ``to_sklearn`` gives in skops' format.

        Parameters
        ----------
        path : path-like
            The file.
        private : bool, default=False
            As of ``to_sklearn``.
        """
        check_is_fitted(self, "head_")
        self.head_.to_skops(path, private=private)

    def save_pretrained(self, folder, *, private=False):
        """Save head, classes and a model card. The encoder is named with the SHA-256 of its weights, not copied.

        Parameters
        ----------
        folder : path-like
            A folder, which is made.
        private : bool, default=False
            Whether the decrypted head is saved, which is as secret as the key. Otherwise the exact twin is, which was never decrypted.
        """
        check_is_fitted(self, "head_")
        if hasattr(self.head_, "table_"):
            raise ValueError("save_pretrained() needs a head of embeddings as they are: leave preprocess='auto' out.")
        info = self.encoder_.info
        if info is None:
            raise ValueError("save_pretrained() needs an encoder that can be named: a folder or a name on the hub.")
        private = private and self.head_.mode != "plain"
        head = self.head_ if private else self.head_.exact_twin()
        about = {
            "format": _FORMAT,
            "secrecy": "private" if private else "published",
            "encoder": {
                "model": str(self.encoder_.model),
                "weights_sha256": info["weights_sha256"],
                "parameters": {name: value for name, value in self.encoder_.get_params().items() if name != "model"},
            },
            "head": {"class": type(head).__name__, "parameters": head.get_params()},
            "classes": self.classes_.tolist(),
            "classes_dtype": "object" if self.classes_.dtype == object else self.classes_.dtype.str,
            "measured": head.report_.twins[head.mode],
        }
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "head.json").write_text(head._model.to_json())
        (folder / "README.md").write_text(_card(about, head.report_.plan))
        # last: a folder with it is whole
        (folder / "config.json").write_text(json.dumps(about, indent=1))

    @classmethod
    def from_pretrained(cls, folder, encoder=None):
        """The classifier that ``save_pretrained`` saved.

        Parameters
        ----------
        folder : path-like
            The folder.
        encoder : str, path-like or TextEncoder, default=None
            Where the encoder is, if not where it was. It is recognised by its weights.

        Returns
        -------
        EncryptedTextClassifier
            A fitted classifier.
        """
        folder = Path(folder)
        about = json.loads((folder / "config.json").read_text())
        if about.get("format") != _FORMAT:
            raise ValueError(f"{folder} holds no text classifier of this package: {about.get('format')!r}")
        named = about["encoder"]
        if not isinstance(encoder, TextEncoder):
            encoder = TextEncoder(named["model"] if encoder is None else encoder, **named["parameters"])
        found = encoder.info["weights_sha256"]
        if found != named["weights_sha256"]:
            raise ValueError(f"the head is for an encoder whose weights have SHA-256 {named['weights_sha256']}, not {found}")
        head = getattr(classifiers, about["head"]["class"])(**about["head"]["parameters"])
        head._model = _native.Model.from_json((folder / "head.json").read_text())
        head.classes_ = np.array(about["classes"], dtype=about["classes_dtype"])
        head.n_features_in_ = encoder.info["dimension"]
        model = cls(encoder, clone(head))
        model.encoder_, model.head_ = encoder, head
        return model


def _texts(texts):
    if isinstance(texts, str):
        raise ValueError("Expected an iterable of texts, got a single string.")
    texts = list(texts)
    for index, text in enumerate(texts):
        if not isinstance(text, str):
            raise ValueError(f"Expected texts, got {type(text).__name__} at position {index}.")
    if not texts:
        raise ValueError("Found array with 0 sample(s) while a minimum of 1 is required.")
    return texts


def _card(about, plan):
    measured = about["measured"]
    return f"""---
library_name: train_head
tags: [text-classification, homomorphic-encryption]
base_model: {about["encoder"]["model"]}
---

# {about["head"]["class"]} on {Path(about["encoder"]["model"]).name}

A classification head whose training ran on encrypted embeddings (CKKS, parameter set {plan.preset}). This folder holds the
{"decrypted head: it is as secret as the key" if about["secrecy"] == "private" else "exact twin of the head, the same training in the clear: it was never decrypted, and may leave the data party"}.

| | |
|---|---|
| classes | {", ".join(map(str, about["classes"]))} |
| encoder weights, SHA-256 | `{about["encoder"]["weights_sha256"]}` |
| iterations, bootstraps | {plan.iterations}, {plan.bootstraps} |
| accuracy on the training texts | {measured["score"]:.3f} |
| log loss on the training texts | {measured["loss"]:.3f} |

Accuracy on other texts was not measured here. Intended use: to be filled in.
"""
