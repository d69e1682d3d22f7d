"""TenSEAL (Microsoft SEAL): multiply and rotate on the same ring and with as many limbs as ours, and its logistic regression.

The regression is that of TenSEAL's tutorial "Training and Evaluation of Logistic Regression on Encrypted Data": samples one
at a time, a cubic sigmoid, and weights that the key's owner decrypts and encrypts anew after every pass, since SEAL has no
bootstrap. Some samples are timed and a pass is extrapolated.
"""

from common import arguments, finish, measure, split, summary, timed

options = arguments(__doc__)

import math

import tenseal as ts
import tenseal.sealapi as seal


def operations(log_n, limbs):
    """The operations of one ring. SEAL switches keys with one special prime and a digit for each limb."""
    parameters = seal.EncryptionParameters(seal.SCHEME_TYPE.CKKS)
    parameters.set_poly_modulus_degree(1 << log_n)
    bits = [46] + [36] * (limbs - 1) + [50]
    parameters.set_coeff_modulus(seal.CoeffModulus.Create(1 << log_n, bits))
    context = seal.SEALContext(parameters, True, seal.SEC_LEVEL_TYPE.TC128)
    generator = seal.KeyGenerator(context)
    public, relinearisation, galois = seal.PublicKey(), seal.RelinKeys(), seal.GaloisKeys()
    generator.create_public_key(public)
    generator.create_relin_keys(relinearisation)
    generator.create_galois_keys(galois)
    encoder, evaluator = seal.CKKSEncoder(context), seal.Evaluator(context)
    encryptor = seal.Encryptor(context, public)
    plaintext = seal.Plaintext()
    values = [math.sin(i) for i in range(1 << (log_n - 1))]
    encoder.encode(values, 2.0**36, plaintext)
    a, b = seal.Ciphertext(), seal.Ciphertext()
    encryptor.encrypt(plaintext, a)
    encryptor.encrypt(plaintext, b)

    def multiply():
        product = seal.Ciphertext()
        evaluator.multiply(a, b, product)
        evaluator.relinearize_inplace(product, relinearisation)
        evaluator.rescale_to_next_inplace(product)

    def rotate():
        evaluator.rotate_vector(a, 1, galois, seal.Ciphertext())

    tag = f"2^{log_n}, {limbs} limbs"
    return [
        measure(f"multiply, relinearise, rescale ({tag})", options.repeat, multiply),
        measure(f"rotate ({tag})", options.repeat, rotate),
    ]


def logistic_regression(data):
    """Encrypted training as in the tutorial, on some samples of a pass."""
    bits = [40, 21, 21, 21, 21, 21, 21, 40]
    context = ts.context(ts.SCHEME_TYPE.CKKS, 8192, -1, bits, n_threads=options.threads)
    context.global_scale = 2**21
    context.generate_galois_keys()
    features = len(data["train_x"][0])
    count = 4 if options.quick else 20
    weight = ts.ckks_vector(context, [0.01] * features)
    bias = ts.ckks_vector(context, [0.0])
    samples = [
        (ts.ckks_vector(context, x), ts.ckks_vector(context, [float(y)]))
        for x, y in zip(data["train_x"][: count + 1], data["train_y"][: count + 1])
    ]
    sums = {"gradient": 0, "slope": 0}

    def one(x, y):
        error = (x.dot(weight) + bias).polyval([0.5, 0.197, 0, -0.004]) - y
        sums["gradient"] += x * error
        sums["slope"] += error

    runs = [timed(lambda: one(x, y)) for x, y in samples]
    total = len(data["train_y"])
    step = summary("one sample of its logistic regression", runs[1:])
    return [
        step,
        {
            "name": "one pass of its logistic regression",
            "median_s": step["median_s"] * total,
            "min_s": step["min_s"] * total,
            "max_s": step["max_s"] * total,
            "cpu_s": step["cpu_s"] * total,
            "repeat": 0,
            "extrapolated": f"{total} times the median of {count} samples",
            "note": "weights are decrypted and encrypted anew by the key's owner after each pass",
        },
    ]


measurements = operations(15, 6)
if options.split:
    measurements += logistic_regression(split(options.split))
finish(
    "TenSEAL",
    ts.__version__,
    measurements,
    parameters={
        "security": "128 bits by SEAL's table",
        "operations": "primes 46, 5 x 36 and one special of 50, a digit a limb; SEAL works on one thread",
        "regression": "N = 2^13, primes 40, 6 x 21, 40, scale 2^21, sigmoid 0.5 + 0.197 z - 0.004 z^3",
    },
    encrypted=True,
    security_bits=128,
)
