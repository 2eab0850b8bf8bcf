"""A process that decodes one picture after the other, and what it says of each."""

import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from saccade.core.decode import Note
from saccade.core.kinds import MAX_PIXELS
from saccade.core.preprocess import Preprocess
from saccade.core.worker import SECONDS

# Python itself and NumPy start with it; a worker needs no threads of theirs.
_ALONE = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


class Verdict(NamedTuple):
    """What became of one picture: notes, or why it was refused (code and words).

    `crc` is the CRC-32 of its row of pixels.
    """

    notes: tuple[Note, ...] = ()
    refused: tuple[str, str] | None = None
    crc: int = 0


CRASHED = "decoder_crash"


class Worker:
    """A process that decodes, and the one that takes its place when it dies."""

    def __init__(self, pixels: Path, rule: Preprocess, at_most: int = MAX_PIXELS):
        """`pixels` is the file with a row for each picture; over `at_most` pixels are refused."""
        self.command = [
            # -P: no module that lies where a person happens to be is one of ours.
            *(sys.executable, "-P", "-m", "saccade.core.worker"),
            *(str(pixels), json.dumps(rule.to_json()), str(at_most)),
        ]
        self.process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            self.command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **_ALONE},
            start_new_session=True,  # Ctrl-C is for us, who end it
        )

    def decode(self, row: int, data: bytes) -> Verdict:
        """Writes the picture's pixels into its row, or says why not."""
        source, answers = self.process.stdin, self.process.stdout
        assert source is not None and answers is not None  # noqa: S101  (both are pipes)
        try:
            source.write(row.to_bytes(8, "little") + len(data).to_bytes(8, "little") + data)
            source.flush()
            line = answers.readline()
        except OSError:
            line = b""
        if not line:
            return self._died()
        told: dict[str, Any] = json.loads(line)
        if refused := told.get("refused"):
            return Verdict(refused=(refused[0], refused[1]))
        return Verdict(tuple(Note(*note) for note in told["notes"]), crc=told["crc"])

    def _died(self) -> Verdict:
        code = self.process.wait()
        self.close()
        self.process = self._start()
        if code == -getattr(signal, "SIGPROF", 0):
            return Verdict(refused=("time_limit", f"it took more than {SECONDS:g} s to decode"))
        return Verdict(refused=(CRASHED, f"the decoder ended with {code}"))

    def close(self) -> None:
        """Ends the process."""
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            with suppress(OSError):  # what was not written yet has no reader any more
                pipe and pipe.close()
