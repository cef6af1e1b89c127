"""How many examples Hypothesis draws, and which.

``make test`` draws the same ones on each run, so that it fails for a change and not by chance;
``make test-all`` (``DATELINE_TEST_PROFILE=thorough``) draws thirty times as many, anew each time.
"""

from __future__ import annotations

import os

from hypothesis import settings

_THOROUGH = os.environ.get("DATELINE_TEST_PROFILE") == "thorough"


def load_profile() -> None:
    """Set Hypothesis's defaults for all tests."""
    # How long an example takes is a matter of the machine, and of benchmarks/.
    settings.register_profile("standard", deadline=None, derandomize=True, max_examples=50)
    settings.register_profile("thorough", deadline=None, max_examples=1500)
    settings.load_profile("thorough" if _THOROUGH else "standard")


def examples(standard: int) -> int:
    """The number of examples of a test that needs another number than the profile's."""
    return standard * 30 if _THOROUGH else standard
