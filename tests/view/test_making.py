"""What made the run is said in full."""

import shutil

from saccade.run.directory import Run, write_facts
from saccade.run.events import Intervened
from saccade.view.card import write_card
from saccade.view.report import write_report


def test_it_lists_what_made_the_run(digits_run, look):
    made = look(digits_run).part("What made this run")
    facts = digits_run.facts
    said = [facts["data"]["statement"], facts["data"]["fingerprint"], facts["versions"]["jax"]]
    said += ["batch size100", f"schedule{facts['recipe']['schedule']['name']} (rate 0.0", "seed0"]
    said += ["1,295 to train, 143 to validate, 359 to test", "650 parameters", "steps done30 of 30"]
    for text in said:
        assert text in made, text


RATE = Intervened(10, "learning_rate", 0.001, "page", 40)
PAUSE = Intervened(10, "pause", None, "control", 40)
LONGER = Intervened(0, "epochs", 1.0, "program", 50)


def test_what_was_asked_on_the_way_is_told_and_marked(tell, look):
    page = look(tell(asked=[PAUSE, RATE]))
    made, words = page.part("What made this run"), "step 10: highest learning rate 0.001 (page)"
    assert words in made
    assert "step 10: paused (control)" in made
    assert [line.text for line in page.all("line", "moment")] == [words] * 2
    assert f"Grey lines, asked on the way: {words}." in page.part("Curves")


def test_of_a_run_that_nobody_steered_nothing_is_said(digits_run, look):
    page = look(digits_run)
    assert "asked on the way" not in page.text
    assert page.all("line", "moment") == []


def test_much_that_was_asked_is_listed_in_part(tell, look):
    page = look(tell(asked=[RATE] * 30))
    assert page.part("What made this run").count("0.001 (page)") == 20
    assert "and 10 more, in events.jsonl" in page.part("What made this run")
    assert "; 25 more below." in page.part("Curves")


def test_more_epochs_count_for_the_length(tell, look):
    assert "step 20 of 50" in look(tell(4, asked=[LONGER])).text
    finished = look(tell(asked=[LONGER])).text
    assert "step 40 of 50; all steps done" in finished
    assert "steps done40 of 50" in finished
    assert "step 0: 1 epoch more, 50 steps in all (program)" in finished


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


BASE = {"model": "transfer", "unfreeze": "none", "weights": {"from": "imagenet"}}


def test_what_it_began_with_and_how_pixels_were_scaled(tell, look, digits_run):
    rule = {"scale": [1.0, 0.5, 0.25], "offset": [-123.0, 0.0, 0.5]}
    run = tell()
    facts = {**run.facts, "model": {**run.facts["model"], **BASE}, "preprocess": rule}
    write_facts(run, facts)
    run = Run(run.path)
    made = look(run).part("What made this run")
    assert "begins with what ImageNet taught it; only the head learns" in made
    assert "pixelstimes 1 | 0.5 | 0.25, plus -123 | 0 | 0.5" in made
    card = write_card(run).read_text("utf-8")
    assert "begins with what ImageNet taught it; only the head learns" in card
    plain = look(digits_run).part("What made this run")
    assert "pixelstimes 0.00392157" in plain and "begins" not in plain
