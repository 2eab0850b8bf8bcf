"""What made the run is said in full."""

import shutil

from saccade.run.directory import Run
from saccade.view.report import write_report


def test_it_lists_what_made_the_run(digits_run, look):
    made = look(digits_run).part("What made this run")
    facts = digits_run.facts
    said = [facts["data"]["statement"], facts["data"]["fingerprint"], facts["versions"]["jax"]]
    said += ["batch size100", f"schedule{facts['recipe']['schedule']['name']} (rate 0.0", "seed0"]
    said += ["1,295 to train, 143 to validate, 359 to test", "650 parameters", "steps done30 of 30"]
    for text in said:
        assert text in made, text


def test_twenty_of_the_files_left_out_are_listed(tell, look):
    excluded = [{"path": f"bad {i}.png", "reason": "empty file"} for i in range(25)]
    made = look(tell(data={"excluded": excluded})).part("What made this run")
    assert "25 files were left out" in made and "and 5 more, in run.json" in made
    assert made.count("empty file") == 20 and "bad 19.png" in made and "bad 20.png" not in made


def test_a_copied_run_has_the_same_report_but_for_its_name(digits_run, tmp_path):
    copy = shutil.copytree(digits_run.path, tmp_path / "copy")
    here = write_report(digits_run).read_text().replace("digits run", "NAME")
    there = write_report(Run(copy)).read_text().replace("copy", "NAME")
    cut = "<h2>Look further"
    assert here.split(cut)[0] == there.split(cut)[0]
