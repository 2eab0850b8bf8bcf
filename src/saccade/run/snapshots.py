"""The snapshots of a run: what the page can go back to. docs/reference/live.md says what is in one.

They need not survive a power cut, so nothing here is synced.
"""

import io
import os
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from saccade.core.errors import BadRun
from saccade.run import durable

MOST, LIVE = 500, "live.safetensors"
_NAME = re.compile(r"(\d{9,})\.npz")


def snapshot_steps(folder: Path) -> list[int]:
    """The steps there is a snapshot of, in order."""
    try:
        names = os.listdir(folder)
    except OSError:
        return []
    return sorted(int(found[1]) for found in map(_NAME.fullmatch, names) if found)


def write_snapshot(folder: Path, step: int, arrays: Mapping[str, np.ndarray]) -> None:
    """Writes one aside and renames it."""
    file = io.BytesIO()
    np.savez_compressed(file, allow_pickle=False, **arrays)
    durable.make_directory(folder)
    durable.write_bytes(path_of(folder, step), file.getvalue(), synced=False)


def read_snapshot(folder: Path, step: int) -> dict[str, np.ndarray]:
    """The arrays of one.

    Raises:
        BadRun: there is none of this step, or it is damaged.
    """
    path = path_of(folder, step)
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            return dict(arrays)
    except FileNotFoundError:
        raise BadRun(f"{folder} has no snapshot of step {step:,}") from None
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise BadRun(f"{path} is damaged: {error}") from None


def path_of(folder: Path, step: int) -> Path:
    """The file of a step's snapshot."""
    return folder / f"{step:09d}.npz"


def drop_after(folder: Path, step: int) -> None:
    """Removes the snapshots of later steps: a resumed run will come there again."""
    for later in snapshot_steps(folder):
        if later > step:
            durable.remove(path_of(folder, later))


def write_live(run: Path, step: int, weights: Mapping[str, np.ndarray]) -> None:
    """Replaces live.safetensors: the newest weights that answer."""
    plain = {name: np.ascontiguousarray(value) for name, value in weights.items()}
    data = save(plain, metadata={"step": str(step)})
    durable.write_bytes(run / LIVE, data, synced=False)


def read_live(run: Path) -> tuple[int, dict[str, np.ndarray]]:
    """The newest weights that answer, and how many updates they have seen.

    Raises:
        BadRun: there are none yet, or the file is damaged.
    """
    try:
        with safe_open(run / LIVE, framework="numpy") as file:
            step = int((file.metadata() or {})["step"])
            return step, {name: file.get_tensor(name) for name in file.keys()}
    except FileNotFoundError:
        raise BadRun(f"{run} has no weights yet") from None
    except (OSError, SafetensorError, KeyError, ValueError) as error:
        raise BadRun(f"{run / LIVE} is damaged: {error}") from None


class Keeper:
    """Which snapshots stay: at most 500, evenly spaced.

    The newest is always there. When there are too many, every second one goes, and from then on
    only every second, fourth, ... stays once a newer one has come.
    """

    def __init__(self, folder: Path, most: int = MOST):
        self.folder, self.most = folder, most
        self.kept = snapshot_steps(folder)
        self.every, self.count = 1, len(self.kept)

    def add(self, step: int, arrays: Mapping[str, np.ndarray]) -> None:
        """Writes a snapshot and drops what need not stay."""
        write_snapshot(self.folder, step, arrays)
        if self.kept[-1:] == [step]:
            return
        if self.kept and (self.count - 1) % self.every:
            self._drop([self.kept.pop()])
        self.kept.append(step)
        self.count += 1
        if len(self.kept) > self.most:
            self._drop(self.kept[1::2])
            self.kept = self.kept[::2]
            self.every *= 2

    def _drop(self, steps: list[int]) -> None:
        for step in steps:
            durable.remove(path_of(self.folder, step))
