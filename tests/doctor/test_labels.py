"""Wrong labels: planted, and those of MNIST's test set that people agreed on."""

import json

import numpy as np
import pytest

pytest.importorskip("cleanlab")

import saccade
from saccade.cli import main
from saccade.doctor.labels import doubted


def test_planted_errors_come_first():
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 5, 1000)
    probabilities = np.full((1000, 5), 0.05)
    probabilities[np.arange(1000), truth] = 0.8
    labels = truth.copy()
    wrong = rng.choice(1000, 20, replace=False)
    labels[wrong] = (labels[wrong] + 1) % 5
    assert set(doubted(labels, probabilities, 20)) == set(wrong.tolist())
    assert len(doubted(labels, probabilities, 5)) == 5
    assert doubted(truth, probabilities, 20) == []


def test_errors_that_annotators_confirmed_in_mnist(data_dir):
    """Target: 12 of 15 within the first 100, with the published cross-validated answers."""
    folder = data_dir / "label-errors"
    answers = "cross_validated_predicted_probabilities/mnist_test_set_pyx.npy"
    probabilities = np.load(folder / answers, allow_pickle=False)
    votes = json.loads((folder / "mturk" / "mnist_mturk.json").read_text())
    labels = np.load(folder / "original_test_labels" / "mnist_test_set_original_labels.npy")
    confirmed = {int(vote["id"]) for vote in votes if vote["mturk"]["given"] < 3}  # of five
    found = confirmed & set(doubted(labels, probabilities, 100))
    print(f"{len(found)} of {len(confirmed)}")
    assert len(confirmed) == 15
    assert len(found) >= 12


def test_the_command_names_the_labels_a_run_doubts_and_counts_as_a_reading(tmp_path, capsys):
    run = saccade.create_run(tmp_path / "run")
    recipe = saccade.recipe("softmax", steps=50)
    list(saccade.record(saccade.fit("softmax", saccade.load("digits"), recipe), run))

    def said(*arguments):
        with pytest.raises(SystemExit) as ended:
            main(["doctor", *map(str, arguments)])
        return ended.value.code, capsys.readouterr()

    code, out = said("digits", "--run", run.path, "--json")
    [finding] = [one for one in json.loads(out.out)["findings"] if one["code"] == "label_doubt"]
    _, predictions = saccade.evaluate(run)
    wrong = int((predictions.labels != predictions.answers).sum())
    assert code == 0
    assert wrong <= finding["count"] <= 100
    assert all(name[0].startswith("digits/") for name in finding["pictures"])
    readings = (run.path / "eval" / "test_reads.jsonl").read_text()
    assert readings.count('"saccade doctor"') == 1
    code, out = said("font-digits", "--run", run.path)
    assert code == 2
    assert "was trained on digits, not on font-digits" in out.err
