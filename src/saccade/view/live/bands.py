"""How a run's weights were spread over time: the bands of every snapshot in one pack."""

import zipfile
from pathlib import Path

import numpy as np

from saccade.core.errors import BadRun
from saccade.run.pack import to_pack
from saccade.view.live.snapshots import WORDS, snapshot_parts, snapshot_steps

NAMES = ("bands", "weight_bands", "bias_bands", "logit_bands", "gradient_norms")


class Bands:
    """The bands of one run, read once a snapshot. Used by one thread at a time."""

    def __init__(self, path: Path):
        self.path = path
        self.variables: list[str] = []
        self.read: dict[int, dict[str, np.ndarray]] = {}

    def pack(self, after: int) -> bytes:
        """`steps` i4 [s] and, a row each, the arrays of `NAMES`, of the snapshots after a step.

        A snapshot that is damaged, or of other variables than the first, is left out.
        """
        there = snapshot_steps(self.path)
        for gone in self.read.keys() - set(there):
            del self.read[gone]
        for step in there:
            if step > after and step not in self.read:
                self._take(step)
        steps = [step for step in there if step > after and step in self.read]
        arrays = {name: np.stack([self.read[s][name] for s in steps]) for name in NAMES if steps}
        return to_pack({"steps": np.array(steps, np.int32), **arrays}, variables=self.variables)

    def _take(self, step: int) -> None:
        try:
            header, arrays = snapshot_parts(self.path, step, {*NAMES, WORDS})
            rows = {name: arrays[name] for name in NAMES}
        except (FileNotFoundError, BadRun, KeyError, zipfile.BadZipFile):
            return
        variables = header.get(WORDS, [])
        shapes = {name: row.shape for name, row in rows.items()}
        v = len(variables)
        expected = {name: (8,) for name in NAMES} | {"bands": (v, 8), "gradient_norms": (v,)}
        self.variables = self.variables or variables
        if shapes == expected and variables == self.variables:
            self.read[step] = rows
