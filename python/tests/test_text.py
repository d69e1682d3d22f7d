"""Texts: the encoder, and a classifier of texts."""

import csv
import json
import pickle

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from train_head import EncryptedLogisticRegression, EncryptedTextClassifier, TextEncoder

TEXTS = ["No evidence of malignancy.", "Biopsy shows invasive carcinoma.", "Follow-up in two weeks."]


@pytest.fixture(scope="module")
def model(root):
    folder = root / "models" / "all-MiniLM-L6-v2"
    if not folder.exists():
        pytest.skip("cargo xtask fetch-model")
    return folder


@pytest.fixture(scope="module")
def notes(root):
    with (root / "data" / "notes" / "train.csv").open(newline="") as rows:
        rows = list(csv.DictReader(rows))[:150]
    return [row["text"] for row in rows], [row["label"] for row in rows]


@pytest.fixture(scope="module")
def trained(model, notes):
    texts, labels = notes
    return EncryptedTextClassifier(model, EncryptedLogisticRegression(max_iter=3)).fit(texts[:110], labels[:110])


def test_embeddings_are_those_of_the_model(model):
    encoder = TextEncoder(model)
    embeddings = encoder.encode(TEXTS)
    assert embeddings.shape == (3, 384) and embeddings.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(embeddings, axis=1), 1, atol=1e-5)
    # each alone, and in a series of pandas
    np.testing.assert_allclose(encoder.encode(TEXTS[1:2])[0], embeddings[1], atol=1e-5)
    import pandas

    np.testing.assert_array_equal(encoder.transform(pandas.Series(TEXTS)), embeddings)
    assert encoder.info["dimension"] == 384 and len(encoder.info["weights_sha256"]) == 64
    assert TextEncoder(model, truncate_dim=64, normalize=True).encode(TEXTS).shape == (3, 64)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(encoder)).encode(TEXTS), embeddings)


def test_the_encoder_is_a_step_of_pipelines(model, notes):
    texts, labels = notes
    texts, labels = texts[:60], labels[:60]
    pipeline = make_pipeline(TextEncoder(model), LogisticRegression()).fit(texts, labels)
    assert pipeline.score(texts, labels) > 0.8


def test_what_is_no_text_is_refused(model):
    encoder = TextEncoder(model)
    with pytest.raises(ValueError, match="float at position 1"):
        encoder.encode(["a", float("nan")])
    with pytest.raises(ValueError, match="single string"):
        encoder.encode("a")
    with pytest.raises(ValueError, match="0 sample"):
        encoder.encode([])
    with pytest.raises(ValueError, match="no such folder"):
        TextEncoder("not/a/model/at/all").encode(["a"])
    with pytest.raises(ValueError, match="long_text"):
        TextEncoder(model, long_text="middle").encode(["a"])


class Stranger:
    """An encoder with the surface of a SentenceTransformer."""

    def encode(self, texts):
        return [[len(text), text.count("e"), text.count(" ")] for text in texts]


def test_other_encoders_serve_as_well():
    encoder = TextEncoder(Stranger())
    assert encoder.encode(TEXTS).shape == (3, 3) and encoder.info is None
    rng = np.random.default_rng(0)
    texts = ["e" * int(n) + " x" * int(m) for n, m in rng.integers(1, 30, size=(100, 2))]
    labels = [text.count("e") > 15 for text in texts]
    model = EncryptedTextClassifier(Stranger(), EncryptedLogisticRegression(mode="plain")).fit(texts, labels)
    assert model.score(texts, labels) > 0.9
    with pytest.raises(ValueError, match="can be named"):
        model.save_pretrained("anywhere")


def test_a_classifier_learns_from_encrypted_embeddings(trained, notes):
    texts, labels = notes
    assert trained.score(texts[110:], labels[110:]) > 0.65
    one = trained.predict_proba(texts[0])
    assert one.shape == (len(trained.classes_),) and one.sum() == pytest.approx(1)
    assert trained(texts[0]) in trained.classes_
    assert trained.report_.mode == "encrypted"


def test_what_is_saved_is_the_exact_twin_unless_asked(trained, notes, model, tmp_path):
    texts, _ = notes
    trained.save_pretrained(tmp_path / "public")
    trained.save_pretrained(tmp_path / "private", private=True)
    public, private = (EncryptedTextClassifier.from_pretrained(tmp_path / name) for name in ("public", "private"))
    np.testing.assert_array_equal(public.head_.coef_, trained.head_.exact_twin().coef_)
    np.testing.assert_array_equal(private.head_.coef_, trained.head_.coef_)
    assert not np.array_equal(public.head_.coef_, private.head_.coef_)
    np.testing.assert_array_equal(private.predict(texts[:8]), trained.predict(texts[:8]))
    card = (tmp_path / "public" / "README.md").read_text()
    assert "never decrypted" in card and trained.report_.plan.preset in card
    assert "as secret as the key" in (tmp_path / "private" / "README.md").read_text()


def test_a_head_refuses_another_encoder_and_other_files(trained, tmp_path):
    trained.save_pretrained(tmp_path)
    about = json.loads((tmp_path / "config.json").read_text())
    about["encoder"]["weights_sha256"] = "0" * 64
    (tmp_path / "config.json").write_text(json.dumps(about))
    with pytest.raises(ValueError, match="SHA-256"):
        EncryptedTextClassifier.from_pretrained(tmp_path)
    (tmp_path / "config.json").write_text(json.dumps({**about, "format": "something else"}))
    with pytest.raises(ValueError, match="no text classifier"):
        EncryptedTextClassifier.from_pretrained(tmp_path)
