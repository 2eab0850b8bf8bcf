"""Where a job's run is kept, here and elsewhere: the course's `--job-dir`."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from saccade.core.errors import BadUsage
from saccade.run.copying import Copying, fetch_if_missing
from saccade.run.directory import Run, open_run, runs_folder
from saccade.run.mirror import Mirror, open_mirror

PLATFORM = "AIP_MODEL_DIR"  # Vertex AI's


@dataclass(frozen=True)
class Job:
    """`out` and `name` are what was typed of them, or what follows from a URL."""

    out: Path | None
    name: str | None
    mirror: Mirror | None = None

    def copying(self, run: Run) -> Copying | None:
        """What copies this run, if it is to be copied."""
        return None if self.mirror is None else Copying(self.mirror, run)


def job_of(job_dir: str | None, out: Path | None, name: str | None, resume: Path | None) -> Job:
    """What was typed; a run that is at a URL and not here is fetched.

    Raises:
        BadUsage: it does not fit together, or what is at the URL does not fit.
    """
    told = job_dir or os.environ.get(PLATFORM)
    if not told:
        return Job(out, name)
    if "://" not in told:
        if job_dir is None:  # the platform's; what is typed counts
            return Job(out or (None if name or resume else Path(told)), name)
        if out is not None or name is not None or resume is not None:
            raise BadUsage(f"--job-dir {told} is a path, which says what --out says; give one")
        return Job(Path(told), None)
    if out is not None and name is not None:
        return Job(out, name)  # which is refused
    mirror = open_mirror(told)
    mirror.check_writable()
    if resume is not None:
        place = open_run(resume).path
    else:
        out = out or runs_folder() / (name or mirror.url.rpartition("/")[2])
        place, name = out, None
    fetched = fetch_if_missing(mirror, place)
    if fetched is not None:
        print(f"fetched  {mirror.url}, step {fetched.step:,}", file=sys.stderr)
    return Job(out, name, mirror)
