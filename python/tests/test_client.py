"""A server of the compute party, and clients of it."""

import json
import pickle
import signal
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from conftest import GIVEN
from sklearn.base import clone

from train_head import Client, CommandError, DataParty, EncryptedLogisticRegression, EncryptedRidge, EncryptedSoftmax


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A server on this machine: address, fingerprint, token, and a home for its client."""
    folder = tmp_path_factory.mktemp("service")
    words = [
        sys.executable,
        "-m",
        "train_head",
        "serve",
        "--folder",
        "service",
        "--listen",
        "127.0.0.1:0",
        "--memory",
        "2G",
        "--json",
    ]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=log, cwd=folder, text=True)
    line = process.stdout.readline()
    assert line, (folder / "log").read_text()
    said = json.loads(line)
    yield SimpleNamespace(
        home=folder / "home",
        folder=folder / "service",
        **{name: said[name] for name in ("url", "fingerprint", "token")},
    )
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 0
    process.stdout.close()


@pytest.fixture
def client(server):
    return Client(server.url, token=server.token, fingerprint=server.fingerprint, home=server.home)


def test_a_head_is_trained_and_scores_on_the_server(client, server, cancer, tmp_path):
    X, X_test, y, y_test = (part.to_numpy() for part in cancer)
    party = DataParty(tmp_path / "hospital", home=server.home)
    party.estimate(X, y, max_iter=2, scoring=True)
    keys, data = party.keygen(), party.encrypt()
    uploads = client.push(keys, data)
    job = client.submit(*uploads)
    assert client.watch(job)["state"] == "done"
    assert client.status(job)["state"] == "done" and len(client.status()["uploads"]) == 2
    party.decrypt(client.fetch(job, tmp_path / "head.enc"))
    predicted = [row["predicted"] for row in party.predict(X_test)]
    assert np.mean(np.array(predicted, dtype=int) == y_test) > 0.9
    # sent again, nothing travels
    assert client.push(keys, data) == uploads
    scores = client.score(job, party.encrypt_samples(X_test), keys, tmp_path / "scores.enc")
    by_scores = [row["predicted"] for row in party.predict_scores(scores, X_test)]
    assert np.mean(np.array(by_scores) == np.array(predicted)) > 0.97
    for one in client.status()["jobs"]:
        client.rm(one["id"])
    client.rm(*(upload["upload"] if "upload" in upload else upload["id"] for upload in client.status()["uploads"]))
    assert client.status()["jobs"] == client.status()["uploads"] == []


def test_estimators_train_on_the_server(client, cancer, flowers, numbers):
    X, X_test, y, y_test = cancer
    weights = np.random.default_rng(0).integers(1, 4, len(y))
    here = EncryptedLogisticRegression(mode="simulate", **GIVEN).fit(X, y, sample_weight=weights)
    there = EncryptedLogisticRegression(server=client, **GIVEN).fit(X, y, sample_weight=weights)
    np.testing.assert_allclose(there.coef_, here.coef_, rtol=1e-2, atol=1e-3 * np.abs(here.coef_).max())
    assert there.report_.twins["plain"]["agreement"] > 0.98 and {"keys", "encrypt", "train"} <= set(
        there.report_.seconds
    )
    # what was sent is gone
    assert client.status()["uploads"] == client.status()["jobs"] == []
    X, y = flowers
    given = {name: GIVEN[name] for name in ("preprocess", "ridge", "solver", "learning_rate", "interval", "temperature")}
    softmax = EncryptedSoftmax(softmax_fit="one-stands-out", max_iter=2, twins=False, **given)
    simulated = clone(softmax).set_params(mode="simulate").fit(X, y)
    softmax.set_params(server=client).fit(X, y)
    assert np.mean(softmax.predict(X) == simulated.predict(X)) > 0.97
    X, y = numbers
    ridge = EncryptedRidge(server=client, max_iter=2, twins=False).fit(X, y)
    assert ridge.score(X, y) == pytest.approx(
        EncryptedRidge(mode="simulate", max_iter=2, twins=False).fit(X, y).score(X, y), abs=0.01
    )
    with pytest.raises(ValueError, match="this process"):
        EncryptedRidge(server=client).partial_fit(X, y)


def test_tokens_stay_in_memory(client, server, monkeypatch):
    estimator = EncryptedLogisticRegression(server=client)
    assert clone(estimator).server.token == server.token
    assert server.token.encode() not in pickle.dumps(estimator)
    assert pickle.loads(pickle.dumps(client)).token is None and client.token == server.token
    assert server.token not in repr(client)
    assert server.token not in (server.home / "remotes.json").read_text()


def test_refusals_say_what_to_do(client, server, tmp_path):
    with pytest.raises(CommandError, match="no upload, job or session"):
        client.rm("00000000")
    with pytest.raises(CommandError):
        client.submit("nothing", "nothing")
    with pytest.raises(CommandError):
        client.cancel("nothing")
    with pytest.raises(CommandError, match="[Tt]oken|401"):
        Client(server.url, token="wrong", home=server.home).status()
    with pytest.raises(CommandError) as refused:
        Client(server.url, token=server.token, fingerprint="sha256:" + "0" * 64, home=tmp_path).status()
    assert refused.value.code == 4
    # the certificate that it shows is pinned when nobody says which it should be
    first = Client(server.url, token=server.token, home=tmp_path / "other")
    assert first.status()["uploads"] == []
    assert server.fingerprint in (tmp_path / "other" / "remotes.json").read_text()
    name = next(iter(json.loads((tmp_path / "other" / "remotes.json").read_text())["remotes"]))
    assert Client(name, token=server.token, home=tmp_path / "other").status()["jobs"] == []
    with pytest.raises(ValueError, match="known by name"):
        Client("cloud", fingerprint="sha256:00")
