"""The stories of `saccade ladder --story`: each a function of the data and a share of the steps."""

from collections.abc import Callable, Mapping

from saccade.core.records import Dataset
from saccade.train.stories.batch_norm import batch_norm
from saccade.train.stories.depth import depth
from saccade.train.stories.dropout import dropout
from saccade.train.stories.normalisation import normalisation
from saccade.train.stories.story import Story

STORIES: Mapping[str, Callable[[Dataset, float], Story]] = {
    "depth": depth,
    "batch-norm": batch_norm,
    "normalisation": normalisation,
    "dropout": dropout,
}
