"""The widget: what anywidget carries goes to the conversation and back."""

import pytest

import saccade
from saccade.view.live.static import NOTEBOOK

pytest.importorskip("anywidget")
pytestmark = pytest.mark.skipif(not NOTEBOOK.is_file(), reason="the page was not built")


def test_messages_go_both_ways_until_it_is_closed(trainer, until):
    widget = saccade.watch(trainer.path)
    sent = []
    widget.send = lambda content, buffers: sent.append((content, buffers))
    question = {"id": "a", "method": "GET", "address": f"/api/runs/{widget.run_id}"}
    widget._handle_custom_msg(question, [])
    until(lambda: [c for c, _ in sent if c.get("id") == "a" and c["status"] == 200])
    widget.close()
    said = len(sent)
    widget._handle_custom_msg({**question, "id": "b"}, [])
    other = saccade.watch(trainer.path)
    until(lambda: not widget._conversation.telling)
    other.close()
    assert len(sent) == said


def test_all_widgets_share_one_thread_and_one_answering_process(trainer):
    one, other = saccade.watch(trainer.path), saccade.watch(trainer.path)
    live = [widget._conversation._app.state.live for widget in (one, other)]
    assert live[0].answerer is live[1].answerer and live[0].answerer.process is None
    one.close()
    other.close()
