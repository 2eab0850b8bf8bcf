"""What is said of a rate depends on how far a run is."""

from dataclasses import replace

import pytest

import saccade
from saccade.diagnose.rate import too_high, too_low
from saccade.diagnose.trace import read_trace
from saccade.run.directory import Run
from saccade.train.schedule import Constant


def test_a_run_under_way_is_not_called_slow_before_its_first_epoch(tmp_path, digits):
    small = {"epochs": 2, "batch_size": 5, "evaluate_every": 200}  # a chunk ends there
    recipe = saccade.recipe("mlp-relu", optimizer="adam", schedule=Constant(1e-7), **small)
    run = saccade.create_run(tmp_path / "run")
    events = saccade.record(saccade.fit("mlp-relu", digits, recipe), run)
    while (seen := next(events)) and getattr(seen, "last", 0) < 200:
        pass
    first = read_trace(Run(run.path))
    assert first.steps == 200 < first.length / 2
    assert too_low(first) is None
    assert list(events)[-1].step == first.length
    assert too_low(read_trace(Run(run.path))) is not None


@pytest.mark.parametrize("what", ["loss", "gradient"])
def test_numbers_that_ran_away_are_a_rate_too_high_whichever_was_seen_first(finished_run, what):
    reason = f"the {what} is no finite number at step 3 of 99, where the learning rate was 1e+03"
    failed = replace(read_trace(finished_run), state="failed", reason=f"{reason}. Try 100")
    found = too_high(failed)
    assert found is not None and found.evidence == (reason,)
