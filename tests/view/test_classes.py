"""The class table says what eval/per_class.csv says."""

from saccade.run.tables import read_table


def test_the_class_table_is_per_class_csv(digits_run, look):
    table = look(digits_run).all("table", "numbers")[0].text
    for row in read_table(digits_run.path / "eval" / "per_class.csv"):
        shares = [f"{100 * float(row[key]):.1f} %" for key in ("precision", "recall", "f1")]
        assert row["class"] + "".join(shares) + row["support"] in table


def test_a_class_that_was_never_answered_has_a_dash(tell, look):
    page = look(tell(answers=(0,) * 6))
    assert page.all("table", "numbers")[0].text.endswith("dog\u20130.0 %0.0 %3")
    assert "Hardest to find: dog, 0.0 % of 3." in page.part("Classes")
