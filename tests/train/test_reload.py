"""A run's data is read again just as it was, whoever read it first."""

import pytest

import saccade
from saccade.core.errors import BadData
from saccade.train.evaluate import reload


def test_how_a_person_read_pictures_in_python_is_kept_with_the_run(pictures, tmp_path, monkeypatch):
    photos = pictures(tmp_path / "photos", each=8, size=(20, 30))
    monkeypatch.chdir(tmp_path)
    dataset = saccade.load("./photos", image_size=16, fit="stretch", test_share=0.25)
    assert dataset.loaded_with == {"image_size": 16, "fit": "stretch", "test_share": 0.25}
    run = saccade.create_run(tmp_path / "run")
    events = saccade.fit("softmax", dataset, saccade.recipe("softmax", steps=2, batch_size=4))
    for _ in saccade.record(events, run):
        pass
    monkeypatch.chdir(photos)
    again = reload(saccade.open_run(run.path))
    assert again.fingerprint == dataset.fingerprint
    assert again.input_shape == (16, 16, 3)
    (photos / "extra").mkdir()
    pictures(photos / "extra", each=1, classes=("x",))
    with pytest.raises(BadData, match="is not what"):
        reload(saccade.open_run(run.path))


def test_what_is_as_usual_is_not_noted():
    assert saccade.load("digits").loaded_with == {}
