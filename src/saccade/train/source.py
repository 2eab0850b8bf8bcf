"""A base as its authors left it: it tells ImageNet's classes apart, as the course uses it first."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from saccade.core.errors import BadData
from saccade.core.locate import find, locate
from saccade.core.preprocess import Preprocess
from saccade.models.applications import base_model
from saccade.models.bases import base_entry
from saccade.models.graph import layer_graph
from saccade.models.initialize import unallocated
from saccade.models.pretrained import published_weights, read_values
from saccade.models.published import FOLDER
from saccade.train.engine import Engine
from saccade.train.forms import choose_forms
from saccade.train.recipe import Recipe

CLASSES = 1000
WORDS = "synset_words.txt"  # as Caffe publishes the names of the classes
INDEX, INDEX_CHECKSUM = "imagenet_class_index.json", "md5:c2c37ea517e94d9795004a39431a14cb"
INDEX_URL = "https://storage.googleapis.com/download.tensorflow.org/data/imagenet_class_index.json"


@dataclass(frozen=True, eq=False)
class Source:
    """What answers: an engine, its weights and the names of ImageNet's classes."""

    engine: Engine
    weights: dict[str, np.ndarray]
    classes: tuple[str, ...]

    @property
    def preprocess(self) -> Preprocess:
        """How any picture becomes the network's input."""
        return self.engine.preprocess


def source_network(name: str) -> Source:
    """A base with its own top and its published weights.

    Raises:
        BadUsage: there is no such base.
        MissingFile: its weights or the names of the classes are not here and could not be had.
    """
    entry = base_entry(name)
    with unallocated():
        graph = layer_graph(base_model(name, (entry.size, entry.size, 3), top=True))
    rule = Preprocess(entry.size, entry.size, 3, scale=entry.scale, offset=entry.offset)
    values = read_values(published_weights(name, top=True), graph, reversed=entry.reversed)
    engine = Engine(graph, Recipe(steps=1), rule, choose_forms(graph))
    return Source(engine, values, class_names())


def class_names() -> tuple[str, ...]:
    """ImageNet's, by their position: the first word for each.

    Raises:
        MissingFile: neither file that lists them is here or could be had.
        BadData: it does not list a thousand.
    """
    words = find(FOLDER, WORDS)
    if words is not None:
        lines = words.read_text("utf-8").splitlines()
        names = [line.partition(" ")[2].partition(",")[0] for line in lines]
        return _thousand(names, words)
    index = locate(FOLDER, INDEX, INDEX_CHECKSUM, [INDEX_URL])
    try:
        told = json.loads(index.read_text("utf-8"))
        names = [told[str(i)][1].partition(",")[0] for i in range(CLASSES)]
    except (ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
        raise BadData(f"{index} does not list ImageNet's classes: {error!r}") from None
    return _thousand([name.replace("_", " ") for name in names], index)


def _thousand(names: list[str], path: Path) -> tuple[str, ...]:
    if len(names) != CLASSES or not all(names):
        raise BadData(f"{path} lists {len(names):,} classes, expected {CLASSES:,}")
    return tuple(names)
