"""Where the reading room's files lie."""

from __future__ import annotations

from pathlib import Path

STATIC = Path(__file__).with_name("static")
