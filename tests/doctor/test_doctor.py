"""Planted faults are found, a sound set has none, and nothing is changed."""

import csv
import io
import json

import numpy as np
import pytest
from PIL import Image, ImageEnhance, ImageFilter

from saccade.cli import main
from saccade.core.errors import BadData
from saccade.doctor.checks import counts, examine
from saccade.doctor.duplicates import near_duplicates
from saccade.doctor.pictures import look


def scene(seed, height=120, width=140):
    """Soft shapes and some texture, another for each seed."""
    rng = np.random.default_rng(seed)
    small = Image.fromarray(rng.integers(0, 256, (7, 8, 3), np.uint8))
    texture = Image.fromarray(rng.integers(0, 256, (height // 3, width // 3, 3), np.uint8))
    soft = small.resize((width, height), Image.Resampling.BICUBIC)
    return Image.blend(soft, texture.resize((width, height)), 0.3)


@pytest.fixture
def photos(tmp_path):
    """Two classes of thirty, split; nothing wrong with them."""
    root = tmp_path / "photos"
    for i in range(60):
        folder = root / ("train" if i < 44 else "test") / ("cat", "dog")[i % 2]
        folder.mkdir(parents=True, exist_ok=True)
        scene(i).save(folder / f"{i:02d}.png")
    return root


def found(root, **options):
    return {finding.code: finding for finding in examine(look(root, **options))}


def test_a_sound_set_has_no_findings(photos):
    assert found(photos) == {}
    assert counts(look(photos)) == {
        "seen": 60,
        "ok": 60,
        "fix": 0,
        "warn": 0,
        "quarantined": 0,
        "ignored": 0,
    }


def cut_in_half(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def test_damage_lies_oddities_and_strangers_are_counted_apart(photos):
    cat = photos / "train" / "cat"
    cut_in_half(cat / "00.png")
    (cat / "html.jpg").write_text("<html>404</html>")
    (cat / "notes.txt").write_text("not a picture")
    scene(100).save(cat / "lie.jpg", "PNG")
    scene(101).convert("L").save(cat / "grey.png")
    Image.new("RGB", (120, 140), "green").save(cat / "plain.png")
    told = found(photos)
    assert {code: finding.level for code, finding in told.items()} == {
        "truncated": "warn",
        "not_an_image": "warn",
        "constant": "warn",
        "grey→rgb": "note",
        "ext_mismatch": "note",
    }
    assert told["truncated"].pictures == (("train/cat/00.png",),)
    assert told["ext_mismatch"].pictures == (("train/cat/lie.jpg",),)
    summed = counts(look(photos))
    assert summed == {
        "seen": 65,
        "ok": 60,
        "fix": 1,
        "warn": 1,
        "quarantined": 2,
        "ignored": 1,
    }


def test_the_same_picture_within_a_part_across_parts_and_under_two_labels(photos):
    train, test = photos / "train", photos / "test"
    (train / "cat" / "again.png").write_bytes((train / "cat" / "02.png").read_bytes())
    Image.open(train / "dog" / "03.png").save(test / "dog" / "saved.bmp")  # pixels, not bytes
    (train / "dog" / "torn.png").write_bytes((train / "cat" / "04.png").read_bytes())
    told = found(photos)
    assert set(told) == {"duplicate", "leak", "two_labels"}
    assert set(told["duplicate"].pictures[0]) == {"train/cat/02.png", "train/cat/again.png"}
    assert set(told["leak"].pictures[0]) == {"train/dog/03.png", "test/dog/saved.bmp"}
    assert set(told["two_labels"].pictures[0]) == {"train/cat/04.png", "train/dog/torn.png"}


def compressed(image):
    file = io.BytesIO()
    image.save(file, "JPEG", quality=50)
    return Image.open(file)


def scaled(image):
    return image.resize((round(image.width * 1.1), round(image.height * 1.1)))


def shrunk(image):
    return image.resize((round(image.width * 0.9), round(image.height * 0.9)))


def mirrored(image):
    return image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)


def cropped(image):
    left, top = round(image.width * 0.05), round(image.height * 0.05)
    return image.crop((left, top, image.width, image.height))


def middle(image):
    left, top = round(image.width * 0.025), round(image.height * 0.025)
    return image.crop((left, top, image.width - left, image.height - top))


def lighter(image):
    return ImageEnhance.Brightness(image).enhance(1.1)


def darker(image):
    return ImageEnhance.Brightness(image).enhance(0.9)


CHANGES = (compressed, scaled, shrunk, mirrored, cropped, middle, lighter, darker)


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_a_changed_copy_in_the_other_part_is_a_leak(photos, change):
    change(scene(1)).save(photos / "test" / "cat" / "copy.png")
    told = found(photos)
    assert list(told) == ["near_leak"]
    assert set(told["near_leak"].pictures[0]) == {"train/dog/01.png", "test/cat/copy.png"}


@pytest.mark.parametrize("name", ["flowers", pytest.param("cats-dogs", marks=pytest.mark.slow)])
def test_planted_copies_among_photographs(name, data_dir, monkeypatch):
    """Target: recall of 95 %, precision of 90 %; a pair that was there before counts as wrong."""
    import saccade

    monkeypatch.setenv("SACCADE_DATA_DIR", str(data_dir))
    data = saccade.load(name)
    originals = data.train.pixels[:800]
    rng, copies, pairs = np.random.default_rng(0), [], set()
    for k, i in enumerate(rng.permutation(len(originals))[:160]):
        copy = CHANGES[k % len(CHANGES)](Image.fromarray(originals[i])).convert("RGB")
        copies.append(np.asarray(copy.resize((96, 96), Image.Resampling.BILINEAR)))
        pairs.add((int(i), len(originals) + k))
    known = {(p.first, p.second) for p in near_duplicates(originals)}
    told = {(p.first, p.second) for p in near_duplicates(np.concatenate([originals, copies]))}
    told -= known
    recall, precision = len(pairs & told) / len(pairs), len(pairs & told) / max(1, len(told))
    print(f"{name}: recall {recall:.3f}, precision {precision:.3f}, before {len(known)}")
    assert recall >= 0.95
    assert precision >= 0.90


def test_what_a_csv_names_and_nobody_has_is_left_out_and_counted(photos, tmp_path, capsys):
    rows = [f"photos/train/{name}/{i:02d}.png,{name}" for i, name in enumerate(["cat", "dog"] * 15)]
    table = tmp_path / "photos.csv"
    table.write_text("image,label\n" + "\n".join([*rows, "photos/gone.png,cat"]))
    pictures = look(table)
    told = {finding.code: finding for finding in examine(pictures)}["left_out"]
    assert told.pictures[0][0].startswith("photos/gone.png: row 32")
    summed = counts(pictures)
    assert summed["quarantined"] == 1
    assert summed["seen"] == 31 + summed["ignored"]
    sheet = tmp_path / "out.csv"
    said(capsys, "doctor", table, "--quarantine", sheet)
    assert "photos/gone.png,left_out" in sheet.read_text()


def test_dark_bright_and_blurred_pictures_beside_ordinary_ones(photos):
    cat = photos / "train" / "cat"
    ImageEnhance.Brightness(scene(200)).enhance(0.05).save(cat / "dark.png")
    Image.fromarray(255 - np.asarray(scene(201)) // 25).save(cat / "bright.png")
    scene(202).filter(ImageFilter.GaussianBlur(6)).save(cat / "soft.png")
    told = found(photos)
    assert told["dark"].pictures == (("train/cat/dark.png",),)
    assert told["bright"].pictures == (("train/cat/bright.png",),)
    assert told["blurred"].pictures == (("train/cat/soft.png",),)


def test_classes_few_lopsided_and_alike_by_name(photos):
    few = photos / "train" / "Cat "
    few.mkdir()
    scene(300).save(few / "one.png")
    told = found(photos)
    assert "'Cat ', 'cat'" in told["same_class"].says
    assert "Cat  (1)" in told["tiny_class"].says
    assert "22 times the pictures" in told["imbalance"].says


def test_one_class_alone_is_a_stop(tmp_path):
    (tmp_path / "photos" / "cat").mkdir(parents=True)
    for i in range(12):
        scene(i).save(tmp_path / "photos" / "cat" / f"{i}.png")
    assert found(tmp_path / "photos")["one_class"].level == "stop"


def test_small_pictures_among_large_ones_are_said_to_be_enlarged(photos):
    scene(400, 40, 50).save(photos / "train" / "cat" / "small.png")
    assert found(photos)["enlarged"].pictures == (("train/cat/small.png",),)


def test_no_readable_picture_is_an_error(tmp_path):
    for name in ("a", "b"):
        (tmp_path / "photos" / name).mkdir(parents=True)
        (tmp_path / "photos" / name / "1.jpg").write_bytes(b"")
    with pytest.raises(BadData, match="can be read"):
        look(tmp_path / "photos")


def test_a_named_set_of_arrays_is_looked_over_too():
    pictures = look("digits")
    told = counts(pictures)
    assert told["seen"] == told["ok"] == 1797
    assert {finding.code for finding in examine(pictures)} <= {
        "duplicate"
    }  # drawn alike is no harm


def said(capsys, *arguments):
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    return ended.value.code, capsys.readouterr().out


def test_the_command_prints_writes_and_changes_nothing(photos, tmp_path, capsys):
    cat = photos / "train" / "cat"
    cut_in_half(cat / "00.png")
    (cat / "=cmd().png").write_bytes(b"")
    (cat / "<b>.png").write_bytes((cat / "02.png").read_bytes())
    before = {path: path.read_bytes() for path in photos.rglob("*") if path.is_file()}
    page, sheet = tmp_path / "doctor.html", tmp_path / "out.csv"
    code, out = said(capsys, "doctor", photos, "--html", page, "--quarantine", sheet)
    assert code == 1
    assert "1 picture can't be used: truncated" in out
    assert "train/cat/02.png  =  train/cat/<b>.png" in out
    html = page.read_text()
    assert "&lt;b&gt;.png" in html
    assert "<b>.png" not in html
    assert html.count("data:image/png") == 2
    with sheet.open(newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["path", "code", "reason"]
    assert {row[1] for row in rows[1:]} == {"truncated", "empty"}
    assert not any(row[0].startswith("=") for row in rows)
    assert {path: path.read_bytes() for path in photos.rglob("*") if path.is_file()} == before


def test_json_adds_up_and_a_sound_set_exits_0(photos, capsys):
    code, out = said(capsys, "doctor", photos, "--json")
    told = json.loads(out)
    assert code == 0
    assert told["findings"] == told["stop"] == []
    (photos / "train" / "cat" / "00.png").write_bytes(b"")
    code, out = said(capsys, "doctor", photos, "--json")
    told = json.loads(out)
    assert code == 1
    assert told["findings"][0]["code"] == "empty"
    parts = ("ok", "fix", "warn", "quarantined", "ignored")
    assert sum(told[part] for part in parts) == told["seen"] == 60


def test_a_page_without_a_folder_is_refused_before_anything_is_read(photos, capsys):
    code, _ = said(capsys, "doctor", photos, "--html", photos / "nowhere" / "x.html")
    assert code == 2
