"""What a training takes before anything is encrypted, and what came of it."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Estimate:
    """What a training takes.

    Attributes
    ----------
    preset : str
        Name of the parameter set, which has 128 bits of security.
    iterations, bootstraps : int
        Steps of the training, and refreshes of its encrypted state.
    upload_bytes, key_file_bytes : int
        What the data party sends: encrypted samples, evaluation keys.
    memory_bytes : int
        Keys and encrypted samples in the compute party's memory.
    seconds_on_one_core : float or None
        Time of the training on one usual core.
    method : dict
        The method, as far as it is chosen.
    expected : dict or None
        What cross-validation says of the training and of the same model fitted in the clear, where something was chosen.
    """

    preset: str
    iterations: int
    bootstraps: int
    upload_bytes: int
    key_file_bytes: int
    memory_bytes: int
    seconds_on_one_core: "float | None"
    method: dict = field(default_factory=dict)
    expected: "dict | None" = None

    @classmethod
    def _of(cls, plan):
        sizes = plan["sizes"]
        return cls(
            preset=plan["preset"],
            iterations=plan["iterations"],
            bootstraps=plan["bootstraps"],
            upload_bytes=sizes["upload_bytes"],
            key_file_bytes=sizes["key_file_bytes"],
            memory_bytes=sizes["key_bytes"] + sizes["data_bytes"] + sizes["diagonal_bytes"],
            seconds_on_one_core=plan["seconds_on_one_core"],
            method=plan.get("options", {}),
            expected=plan.get("expected") or plan.get("expected_errors"),
        )

    def __str__(self):
        lines = [
            f"parameters   {self.preset} (128 bits of security)",
            f"training     {self.iterations} iterations, {self.bootstraps} bootstraps",
            f"upload       {_bytes(self.upload_bytes)} of samples, {_bytes(self.key_file_bytes)} of keys",
            f"memory       {_bytes(self.memory_bytes)} of keys and samples",
        ]
        if self.seconds_on_one_core is not None:
            lines.append(f"time         {self.seconds_on_one_core:.1f} s on one core")
        return "\n".join(lines)


@dataclass(frozen=True)
class Report:
    """What came of a training, on its own samples.

    Attributes
    ----------
    mode : str
        The twin that the estimator predicts with: ``"encrypted"``, ``"simulate"`` or ``"plain"``.
    plan : Estimate
        What was planned.
    twins : dict of dict
        For each twin that was trained ``score`` (accuracy or R2), ``loss`` (log loss or mean squared error), ``agreement`` (share of
        samples for which it predicts what the estimator predicts; of numbers the largest difference in standard deviations),
        ``weight_error`` (largest difference of a weight from the estimator's, in units of the largest weight).
    seconds : dict
        Seconds of each part.
    noise : float or None
        Standard deviation of the noise that encryption leaves in a weight, as the simulated twin has it.
    curve : list of dict
        ``score`` and ``loss`` of the plain twin after each iteration.
    """

    mode: str
    plan: Estimate
    twins: dict
    seconds: dict
    noise: "float | None" = None
    curve: list = field(default_factory=list)

    def published(self):
        """The same of the exact twin alone, without a figure of a decrypted head.

        Returns
        -------
        Report
            What may leave the data party.
        """
        twins = {"plain": {**self.twins["plain"], "agreement": 1.0, "weight_error": 0.0}}
        return Report(mode="plain", plan=self.plan, twins=twins, seconds=self.seconds, curve=self.curve)

    def __str__(self):
        lines = [str(self.plan), "", f"{'twin':<12}{'score':>8}{'loss':>10}{'agreement':>11}{'weights':>10}"]
        for name, twin in self.twins.items():
            figures = f"{twin['score']:>8.4f}{twin['loss']:>10.4f}{twin['agreement']:>11.4f}{twin['weight_error']:>10.1e}"
            lines.append(f"{name:<12}{figures}")
        lines.append("")
        lines.append(", ".join(f"{part} {seconds:.1f} s" for part, seconds in self.seconds.items()))
        return "\n".join(lines)


def _bytes(count):
    for unit in ("B", "kB", "MB"):
        if count < 1000:
            return f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:.3g} GB"
