"""Running ``dateline`` as a person does: in a process of its own."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.crawler.forking import PYTHONPATH, can_fork, run


def children(pid: int) -> list[int]:
    """The processes that a process started; Linux keeps them by the thread that did."""
    found: list[int] = []
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):  # the thread, or all of it, has ended
            found += map(int, path.read_text(encoding="ascii").split())
    return found


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Its output as JSON."""
        return json.loads(self.out)


@dataclass(frozen=True)
class Commands:
    """``dateline`` on one archive."""

    folder: Path
    database: str | None = None

    @property
    def environment(self) -> dict[str, str]:
        """The environment of the commands."""
        found = {**os.environ, "DATELINE_ARCHIVE": str(self.folder), "DATELINE_ALLOW_PRIVATE": "1",
                 "PYTHONPATH": PYTHONPATH}  # fmt: skip
        if self.database:
            found["DATELINE_DATABASE"] = self.database
        return found

    def __call__(self, *words: str, stdin: bytes | None = None, **environment: str) -> Done:
        """Run ``dateline WORDS``."""
        whole = {**self.environment, **environment}
        if can_fork(whole):
            done = run(words, whole, self.folder.parent, stdin, 120)
        else:
            done = subprocess.run(
                [sys.executable, "-m", "dateline", *words], env=whole, input=stdin,
                capture_output=True, check=False, timeout=120, cwd=self.folder.parent,
            )  # fmt: skip
        return Done(done.returncode, done.stdout.decode(), done.stderr.decode())

    def start(self, *words: str) -> subprocess.Popen[bytes]:
        """Start ``dateline WORDS`` and go on."""
        return subprocess.Popen(
            [sys.executable, "-m", "dateline", *words], env=self.environment,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=self.folder.parent,
        )  # fmt: skip
