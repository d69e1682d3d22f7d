"""OpenFHE: multiply, rotate and hoisted rotations on the same ring and with as many limbs as ours, and its bootstrap.

The bootstrap is OpenFHE's own at the nearest set that its 128-bit table admits: ring 2^16, sparse-secret encapsulation, 2^9
slots. Its primes and levels differ from ours and are part of the result.
"""

import importlib.metadata
import math

from common import arguments, finish, measure

options = arguments(__doc__)

import openfhe as fhe


def context(log_n, depth, first, scale, **more):
    parameters = fhe.CCParamsCKKSRNS()
    parameters.SetSecurityLevel(fhe.SecurityLevel.HEStd_128_classic)
    parameters.SetRingDim(1 << log_n)
    parameters.SetMultiplicativeDepth(depth)
    parameters.SetFirstModSize(first)
    parameters.SetScalingModSize(scale)
    parameters.SetKeySwitchTechnique(fhe.KeySwitchTechnique.HYBRID)
    for name, value in more.items():
        getattr(parameters, "Set" + name)(value)
    made = fhe.GenCryptoContext(parameters)
    for feature in ("PKE", "KEYSWITCH", "LEVELEDSHE", "ADVANCEDSHE", "FHE"):
        made.Enable(getattr(fhe.PKESchemeFeature, feature))
    return made


def operations(log_n, limbs):
    """The operations of one ring. Depth is limbs - 1, so that fresh ciphertexts have `limbs` limbs."""
    made = context(
        log_n,
        limbs - 1,
        46,
        36,
        ScalingTechnique=fhe.ScalingTechnique.FIXEDMANUAL,
        SecretKeyDist=fhe.SecretKeyDist.UNIFORM_TERNARY,
        NumLargeDigits=2,
        BatchSize=1 << (log_n - 1),
    )
    keys = made.KeyGen()
    made.EvalMultKeyGen(keys.secretKey)
    steps = list(range(1, 9))
    made.EvalRotateKeyGen(keys.secretKey, steps)
    values = [math.sin(i) for i in range(1 << (log_n - 1))]
    a, b = (made.Encrypt(keys.publicKey, made.MakeCKKSPackedPlaintext(values)) for _ in range(2))

    def hoisted():
        digits = made.EvalFastRotationPrecompute(a)
        for step in steps:
            made.EvalFastRotation(a, step, 2 << log_n, digits)

    tag = f"2^{log_n}, {limbs} limbs"
    return [
        measure(f"multiply, relinearise, rescale ({tag})", options.repeat, lambda: made.Rescale(made.EvalMult(a, b))),
        measure(f"rotate ({tag})", options.repeat, lambda: made.EvalRotate(a, 1)),
        measure(f"8 hoisted rotations ({tag})", options.repeat, hoisted),
    ]


def bootstrap():
    """The sparse-slot bootstrap, with its precision.

    As many levels after it as ours leaves at ring 2^15; scale and first modulus of OpenFHE's own examples: with 50 and 55 bits
    it takes as long and keeps half the precision.
    """
    log_slots, after, budget = 9, 6, [3, 3]
    distribution = fhe.SecretKeyDist.SPARSE_ENCAPSULATED
    depth = after + fhe.CryptoContext.GetBootstrapDepth(budget, distribution)
    made = context(
        16,
        depth,
        60,
        59,
        ScalingTechnique=fhe.ScalingTechnique.FIXEDMANUAL,
        SecretKeyDist=distribution,
        NumLargeDigits=4,
        BatchSize=1 << log_slots,
    )
    made.EvalBootstrapSetup(budget, [0, 0], 1 << log_slots)
    keys = made.KeyGen()
    made.EvalMultKeyGen(keys.secretKey)
    made.EvalBootstrapKeyGen(keys.secretKey, 1 << log_slots)
    values = [math.sin(i) for i in range(1 << log_slots)]
    plaintext = made.MakeCKKSPackedPlaintext(values, 1, depth - 1, None, 1 << log_slots)
    exhausted = made.Encrypt(keys.publicKey, plaintext)
    repeat = 1 if options.quick else max(1, options.repeat // 2)
    result = measure("bootstrap of 2^9 slots", repeat, lambda: made.EvalBootstrap(exhausted))
    decrypted = made.Decrypt(made.EvalBootstrap(exhausted), keys.secretKey)
    decrypted.SetLength(1 << log_slots)
    errors = [abs(got - want) for got, want in zip(decrypted.GetRealPackedValue(), values)]
    rms = math.sqrt(sum(error * error for error in errors) / len(errors))
    result.update(rms_bits=-math.log2(rms), worst_bits=-math.log2(max(errors)), levels_after=after, ring="2^16")
    return result


rings = [(15, 6)] if options.quick else [(15, 6), (16, 6)]
measurements = [row for ring in rings for row in operations(*ring)]
failures = []
if not options.quick:
    fhe.ClearEvalMultKeys()
    try:
        measurements.append(bootstrap())
    except (RuntimeError, TypeError) as error:
        failures.append(f"bootstrap: {error}")
finish(
    "OpenFHE",
    importlib.metadata.version("openfhe"),
    measurements,
    parameters={
        "security": "HEStd_128_classic",
        "operations": "FIXEDMANUAL, first modulus 46, scale 36, hybrid key switching, 2 digits, uniform ternary",
        "bootstrap": "ring 2^16, 6 levels after, FIXEDMANUAL, first modulus 60, scale 59, 4 digits, sparse-secret encapsulation",
    },
    encrypted=True,
    security_bits=128,
    failures=failures,
)
