"""The page of a run as a widget: what anywidget carries between a notebook and this process."""

from functools import cache
from typing import Any

import anywidget
import traitlets

from saccade.run.directory import Run
from saccade.view.live.answering import Answerer
from saccade.view.live.conversation import Conversation
from saccade.view.live.static import NOTEBOOK


class RunWidget(anywidget.AnyWidget):
    """A run in a notebook. `close()` takes it away."""

    _esm = NOTEBOOK
    run_id = traitlets.Unicode().tag(sync=True)

    def __init__(self, run: Run):
        self._conversation = Conversation(run.path, self._tell, answerer())
        super().__init__(run_id=self._conversation.run_id)
        self.on_msg(self._hear)

    def close(self) -> None:
        """Takes the widget out of the notebook; the run takes no notice."""
        self._conversation.close()
        super().close()

    def _tell(self, content: dict[str, Any], buffers: list[bytes]) -> None:
        self.send(content, buffers)

    def _hear(self, widget: Any, content: Any, buffers: list[Any]) -> None:
        self._conversation.hear(content, buffers)


@cache
def answerer() -> Answerer:
    """One process that answers drawings, for all widgets; it starts with the first drawing."""
    return Answerer()
