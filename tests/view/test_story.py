"""A story is what the writer wrote."""

from dataclasses import asdict

from saccade.view.story import read_story


def test_a_story_reads_what_the_writer_wrote(tell):
    run = tell(classes=("=a", "'b", "-c"), labels=(0, 1, 2), answers=(1, 2, 0))
    story = read_story(run)
    assert [row["label"] for row in story.rows("mistakes.csv")] == ["-c", "'b", "=a"]
    assert story.result is not None and asdict(story.result.test) == run.metrics["test"]
