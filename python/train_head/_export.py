"""Trained heads for programs that do not have this package: scikit-learn's own estimators, ONNX, skops."""

import json
from pathlib import Path

import numpy as np
from sklearn.utils.validation import check_is_fitted

_OPSET = 17
_IR = 8


class Exports:
    """What estimators export: the exact twin, which may leave the data party, unless the decrypted head is asked for by name."""

    def to_sklearn(self, *, private=False):
        """The trained head as an estimator of scikit-learn alone.

        A linear head becomes a ``LogisticRegression`` (of several classes against the rest a ``OneVsRestClassifier`` of them), ridge
        regression a ``Ridge``, a hidden layer with ``tanh`` an ``MLPClassifier``. Other activations, which scikit-learn does not have, become
        a pipeline whose first step is a class of this package, and so does ``preprocess="auto"``.

        Parameters
        ----------
        private : bool, default=False
            Whether to give the decrypted head, which is as secret as the key. Otherwise it is the exact twin, which was never decrypted.

        Returns
        -------
        estimator
            A fitted estimator with the same predictions.
        """
        head = published(self, private)
        fitted = _sklearn_of(head)
        encoder = getattr(head, "table_", None)
        if encoder is None:
            return fitted
        from sklearn.pipeline import make_pipeline

        return make_pipeline(encoder, fitted)

    def to_onnx(self, path, *, private=False):
        """Write the trained head as an ONNX model, with the package ``onnx``.

        Its input ``X`` holds numbers in double precision, samples by features (with ``preprocess="auto"`` those of ``table_.transform``). Outputs are
        ``label`` and ``probabilities`` of a classifier, ``variable`` of a regression.

        Parameters
        ----------
        path : path-like
            The file.
        private : bool, default=False
            As of ``to_sklearn``.
        """
        Path(path).write_bytes(_onnx_of(published(self, private)).SerializeToString())

    def to_skops(self, path, *, private=False):
        """Write what ``to_sklearn`` gives in skops' format, which runs no code when it is read; with the package ``skops``.

        Parameters
        ----------
        path : path-like
            The file.
        private : bool, default=False
            As of ``to_sklearn``.
        """
        from skops import io

        io.dump(self.to_sklearn(private=private), path)


def published(estimator, private):
    """The estimator itself or its exact twin, which was never decrypted."""
    check_is_fitted(estimator)
    return estimator if private else estimator.exact_twin()


def _sklearn_of(head):
    model = head._model
    if not hasattr(head, "classes_"):
        return _ridge(head)
    if model.hidden is None:
        return _linear(head, model.coef, model.intercept, model.link)
    coef, intercept = model.hidden
    activation, polynomial = model.activation
    if activation == "tanh" and polynomial is None:
        return _network(head)
    from sklearn.pipeline import make_pipeline

    from ._activations import HiddenLayer

    output = _linear(head, model.coef, model.intercept, model.link, names=False)
    return make_pipeline(HiddenLayer(coef, intercept, activation, polynomial), output)


def _linear(head, coef, intercept, link, names=True):
    """Logistic regression; of several classes against the rest one for each."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.multiclass import OneVsRestClassifier
    from sklearn.preprocessing import LabelBinarizer

    if link == "softmax" or len(coef) == 1:
        fitted = LogisticRegression()
        fitted.classes_, fitted.coef_, fitted.intercept_ = head.classes_, coef, intercept
        fitted.n_iter_ = np.full(1, head.n_iter_, dtype=np.int32)
        return _with_features(fitted, head, coef.shape[1], names)
    fitted = OneVsRestClassifier(LogisticRegression())
    fitted.label_binarizer_ = LabelBinarizer(sparse_output=True).fit(head.classes_)
    if not hasattr(type(fitted), "classes_"):
        # a property of older versions
        fitted.classes_ = head.classes_
    fitted.estimators_ = []
    for row, constant in zip(coef, intercept):
        one = LogisticRegression()
        one.classes_, one.coef_, one.intercept_ = np.array([0, 1]), row.reshape(1, -1), np.array([constant])
        one.n_iter_ = np.full(1, head.n_iter_, dtype=np.int32)
        fitted.estimators_.append(_with_features(one, head, coef.shape[1], names=False))
    return _with_features(fitted, head, coef.shape[1], names)


def _network(head):
    """A network whose activation scikit-learn has."""
    from sklearn.neural_network import MLPClassifier
    from sklearn.preprocessing import LabelBinarizer

    model = head._model
    units = len(model.hidden[1])
    fitted = MLPClassifier(hidden_layer_sizes=(units,), activation="tanh")
    fitted.coefs_, fitted.intercepts_ = head.coefs_, head.intercepts_
    fitted.classes_, fitted.n_layers_, fitted.n_outputs_ = head.classes_, 3, len(model.intercept)
    fitted.out_activation_ = "softmax" if model.link == "softmax" else "logistic"
    fitted._label_binarizer = LabelBinarizer().fit(head.classes_)
    fitted.n_iter_ = head.n_iter_
    return _with_features(fitted, head, model.hidden[0].shape[1])


def _ridge(head):
    from sklearn.linear_model import Ridge

    fitted = Ridge()
    fitted.coef_, fitted.intercept_ = head.coef_, head.intercept_
    fitted.n_iter_, fitted.solver_ = None, "auto"
    return _with_features(fitted, head, head._model.coef.shape[1])


def _with_features(fitted, head, count, names=True):
    fitted.n_features_in_ = count
    # behind a treatment of columns the features are no columns of X
    if names and hasattr(head, "feature_names_in_") and not hasattr(head, "table_"):
        fitted.feature_names_in_ = head.feature_names_in_
    return fitted


class _Graph:
    """Nodes of a model in ONNX, one after the other."""

    def __init__(self):
        self.nodes, self.constants = [], []

    def constant(self, value):
        """A constant, by its name."""
        from onnx import TensorProto, helper, numpy_helper

        name = f"constant_{len(self.constants)}"
        value = np.asarray(value)
        if value.dtype.kind in "OU":
            texts = [str(one).encode() for one in value.ravel()]
            tensor = helper.make_tensor(name, TensorProto.STRING, value.shape, texts)
        else:
            tensor = numpy_helper.from_array(np.ascontiguousarray(value), name)
        self.constants.append(tensor)
        return name

    def add(self, kind, *inputs, output=None, **attributes):
        """An operation, by the name of its output. Inputs that are no names are constants."""
        from onnx import helper

        output = output or f"value_{len(self.nodes)}"
        names = [one if isinstance(one, str) else self.constant(one) for one in inputs]
        self.nodes.append(helper.make_node(kind, names, [output], **attributes))
        return output

    def layer(self, x, coef, intercept, **output):
        """A linear layer: weights are outputs by inputs."""
        return self.add(
            "Add", self.add("MatMul", x, np.asarray(coef, dtype=np.float64).T), np.asarray(intercept), **output
        )


def _onnx_of(head):
    from onnx import TensorProto, checker, helper

    model, graph = head._model, _Graph()
    x, width = "X", model.coef.shape[1]
    if model.hidden is not None:
        coef, intercept = model.hidden
        width = coef.shape[1]
        x = _activated(graph, graph.layer(x, coef, intercept), *model.activation)
    outputs = len(model.intercept)
    if hasattr(head, "classes_"):
        z = graph.layer(x, model.coef, model.intercept)
        kind = _classified(graph, z, head.classes_, model.link, outputs)
        made = [("label", kind, ["n"]), ("probabilities", TensorProto.DOUBLE, ["n", len(head.classes_)])]
    else:
        graph.layer(x, model.coef, model.intercept, output="variable")
        made = [("variable", TensorProto.DOUBLE, ["n", outputs])]
    described = [helper.make_tensor_value_info(*one) for one in made]
    given = [helper.make_tensor_value_info("X", TensorProto.DOUBLE, ["n", width])]
    graph = helper.make_graph(graph.nodes, "head", given, described, graph.constants)
    opset = [helper.make_opsetid("", _OPSET)]
    whole = helper.make_model(graph, opset_imports=opset, ir_version=_IR, producer_name="train_head")
    names = _feature_names(head)
    if names is not None:
        helper.set_model_props(whole, {"features": json.dumps(names)})
    checker.check_model(whole, full_check=True)
    return whole


def _feature_names(head):
    if hasattr(head, "table_"):
        return list(head.table_.get_feature_names_out())
    return list(head.feature_names_in_) if hasattr(head, "feature_names_in_") else None


def _activated(graph, z, activation, polynomial):
    """Values of hidden units."""
    if polynomial is not None:
        value = graph.constant(np.float64(polynomial[-1]))
        for coefficient in reversed(polynomial[:-1]):
            value = graph.add("Add", graph.add("Mul", value, z), np.float64(coefficient))
        return value
    if activation == "tanh":
        return graph.add("Tanh", z)
    square = graph.add("Mul", z, z)
    if activation == "square":
        return square
    from ._activations import GELU

    slope, cubic = GELU
    inner = graph.add("Add", z, graph.add("Mul", graph.add("Mul", square, z), np.float64(cubic)))
    share = graph.add("Add", graph.add("Tanh", graph.add("Mul", inner, np.float64(slope))), np.float64(1.0))
    return graph.add("Mul", graph.add("Mul", z, np.float64(0.5)), share)


def _classified(graph, z, classes, link, outputs):
    """Classes and probabilities from logits. Returns the type of the classes."""
    from onnx import TensorProto

    if outputs == 1:
        p = graph.add("Sigmoid", z)
        graph.add("Concat", graph.add("Sub", np.float64(1.0), p), p, axis=1, output="probabilities")
        above = graph.add("Cast", graph.add("Greater", z, np.float64(0.0)), to=TensorProto.INT64)
        code = graph.add("Squeeze", above, np.array([1]))
    else:
        if link == "softmax":
            graph.add("Softmax", z, axis=1, output="probabilities")
        else:
            p = graph.add("Sigmoid", z)
            graph.add("Div", p, graph.add("ReduceSum", p, np.array([1])), output="probabilities")
        code = graph.add("ArgMax", z, axis=1, keepdims=0)
    kinds = {"i": TensorProto.INT64, "u": TensorProto.INT64, "b": TensorProto.BOOL, "f": TensorProto.DOUBLE}
    kind = kinds.get(classes.dtype.kind, TensorProto.STRING)
    wide = {TensorProto.INT64: np.int64, TensorProto.BOOL: np.bool_, TensorProto.DOUBLE: np.float64}
    classes = classes.astype(wide[kind]) if kind in wide else classes
    graph.add("Gather", classes, code, axis=0, output="label")
    return kind
