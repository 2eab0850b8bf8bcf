"""Where nobody looks at what was skipped, the page must be tested."""

import os

from .conftest import missing


def test_in_ci_the_page_is_tested():
    assert os.environ.get("CI") != "true" or not missing(), missing()
