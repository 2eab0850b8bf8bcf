"""saccade ladder and saccade runs compare, as they are typed."""

import json


def test_a_small_ladder_makes_a_table_a_page_and_a_run_a_rung(command, tmp_path):
    said = command("ladder", "digits", "--rungs", "softmax,mlp", "--name", "small", "--json")
    assert said.code == 0, said.err
    value = json.loads(said.out.splitlines()[-1])
    assert [row["rung"] for row in value["rows"]] == ["softmax", "mlp"]
    assert set(value) == {"run", "rows"}
    for row in value["rows"]:
        assert {"rung", "id", "parameters", "seconds", "images_per_second", "test"} <= set(row)
        assert set(row["test"]) == {"accuracy", "low", "high", "loss", "n"}
        assert {"best_watched_accuracy", "reported", "band", "in_band"} <= set(row)
    folder = tmp_path / value["run"]
    assert "2 trainings, about" in said.err.splitlines()[0]
    assert "<svg" in (folder / "report.html").read_text("utf-8")
    assert (folder / "01-softmax-seed0" / "report.html").exists()

    runs = (folder / name for name in ("01-softmax-seed0", "02-mlp-seed0"))
    said = command("runs", "compare", *runs)
    assert said.code == 0, said.err
    assert "McNemar" in said.out
    assert "softmax" in said.out
