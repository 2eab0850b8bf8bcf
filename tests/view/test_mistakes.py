"""Every mistake with its own picture, and no other file."""

import base64
import io
import json

from PIL import Image

from saccade.run.events import Accuracy
from saccade.run.tables import read_table


def test_every_mistake_is_there_with_its_picture(digits_run, tell, look):
    for run in (digits_run, tell()):
        page = look(run)
        rows = read_table(run.path / "eval" / "mistakes.csv")
        test = Accuracy(**json.loads((run.path / "eval" / "metrics.json").read_text())["test"])
        images, figures = page.all("img", "pixelated"), page.all("figure")
        assert (
            len(images) == len(figures) == len(rows) == min(50, round(test.n * (1 - test.accuracy)))
        )
        for image, figure, row in zip(images, figures, rows, strict=True):
            data = base64.b64decode(image.attributes["src"].removeprefix("data:image/png;base64,"))
            assert data == (run.path / "eval" / "mistakes" / row["file"]).read_bytes()
            assert image.attributes["width"] == "112"  # 14 x 8
            true, answer = (100 * float(row[k]) for k in ("probability_of_label", "probability"))
            said = f"true {row['label']}{true:.1f} %answer {row['predicted']}{answer:.1f} %"
            assert figure.text == said + row["picture"]


def test_fifty_of_many_mistakes(tell, look):
    page = look(tell(labels=(0, 1) * 40, answers=(1, 0) * 40))
    assert len(page.all("img")) == 50
    assert page.part("The 50 worst of 80 mistakes")


def test_no_mistake_at_all(tell, look):
    page = look(tell(answers=(0, 0, 0, 1, 1, 1)))
    assert page.all("img") == []
    assert "There is none to show" in page.part("Mistakes")
    assert "Nothing was confused" in page.part("Confusion")


def test_a_large_picture_is_made_smaller(tell, look):
    image = look(tell(side=300)).all("img", "smooth")[0].attributes
    data = base64.b64decode(image["src"].split(",")[1])
    assert Image.open(io.BytesIO(data)).size == (224, 224) and image["width"] == "112"


def test_a_table_of_pictures_opens_no_other_file(tell, look, tmp_path):
    run = tell()
    Image.new("L", (8, 8)).save(tmp_path / "private.png")
    table = run.path / "eval" / "mistakes.csv"
    table.write_text(table.read_text().replace("01.png", str(tmp_path / "private.png")))
    page = look(run)
    assert len(page.all("img")) == 1 and "private.png is missing or damaged" in page.text
