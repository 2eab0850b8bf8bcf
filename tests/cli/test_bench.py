"""`saccade bench` in its words."""

import json


def test_a_row_a_network(command):
    said = command("bench", "softmax", "--rounds", "1", "--json")
    assert said.code == 0, said.err
    [row] = json.loads(said.out.splitlines()[-1])
    assert row["model"] == "softmax"
    assert row["ratio"] == row["ours"][0] / row["keras"][0]
    for part in ("softmax", "images/s", "cores", "jax", "keras"):
        assert part in said.err


def test_what_it_can_not_measure_is_said(typed):
    for words, part in ((("lenet5",), "conv-bn-small"), (("--rounds", "0"), "1 to 100")):
        said = typed("bench", *words)
        assert said.code == 2
        assert part in said.err
