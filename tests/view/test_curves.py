"""The curves hold what happened, and fill their chart."""

from saccade.run.tables import read_table
from saccade.view.curves import shown_range, smoothed, smoothing


def test_the_best_step_is_marked_in_both_charts(digits_run, tell, look):
    read = digits_run.metrics["step_read"]
    texts = [element.text for element in look(digits_run).all("text")]
    assert texts.count(f"best: step {read}") == 2
    texts = [element.text for element in look(tell(recipe={"watch": "test"})).all("text")]
    assert texts.count("best watched: step 20") == 2


def test_the_mark_is_on_the_best_evaluation(tell, look):
    page = look(tell())
    places = {
        kind: [(e.attributes["cx"], e.attributes["cy"]) for e in page.all("circle", kind)]
        for kind in ("mark", "dot-1")
    }
    assert places["mark"] == places["dot-1"][::2]  # the first of two evaluations, in both charts


def test_the_curves_hold_every_step_and_every_evaluation(digits_run, look):
    page = look(digits_run)
    lines = [len(e.attributes["points"].split()) for e in page.all("polyline")]
    assert lines == [30, 3, 30, 3]
    last = read_table(digits_run.path / "metrics.csv")[-1]
    dots = [circle.text for circle in page.all("circle", "dot-1")]
    assert dots[2] == f"step 30: {100 * float(last['watched/accuracy']):.4g} %"
    assert dots[5] == f"step 30: {float(last['watched/loss']):.4g}"


def test_smoothing_keeps_the_mean_and_the_ends():
    points = [(step, float(step % 2)) for step in range(1, 402)]
    smooth = smoothed(points, smoothing(len(points)))
    assert [x for x, _ in smooth] == [x for x, _ in points]
    assert all(abs(y - 0.5) < 0.1 for _, y in smooth)
    assert smoothed(points, 1) == points


def test_the_range_leaves_the_first_steps_out_only_where_they_flatten_the_rest():
    steep = [(step, 100.0 if step == 0 else 1.0 - step / 200) for step in range(101)]
    low, high = shown_range([steep], 0.0, 1e9)
    assert 0.4 < low < 0.5 and 1.0 > high > 0.97
    gentle = [(step, 1.5 - step / 100) for step in range(101)]
    low, high = shown_range([gentle], 0.0, 1e9)
    assert low < 0.5 and high > 1.5
    assert shown_range([[(1, 1.0), (50, 1.0)]], 0.0, 1.0) == (0.96, 1.0)
    assert shown_range([[(1, 0.0), (50, 1.0), (99, 1.0)]], 0.0, 1.0) == (0.0, 1.0)
