"""``python -m dateline.demo [FOLDER]``: what ``make demo`` runs."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

from dateline.demo.server import serving
from dateline.demo.site import agency, newspaper


class _Failed(Exception):
    """A command of the demonstration failed and has printed the reason."""


def _run(*words: str, folder: Path) -> None:
    print(f"\n$ dateline {shlex.join(words)}", flush=True)
    environment = {
        **os.environ,
        "DATELINE_ARCHIVE": str(folder),
        "DATELINE_ALLOW_PRIVATE": "1",
    }
    # Never use the database that the environment names.
    environment.pop("DATELINE_DATABASE", None)
    done = subprocess.run([sys.executable, "-m", "dateline", *words], env=environment, check=False)
    if done.returncode != 0:
        raise _Failed


def run_demo(folder: Path) -> None:
    """Add, crawl, search, show; then print the commands for the user's own site."""
    shutil.rmtree(folder, ignore_errors=True)
    with serving(agency) as first, serving(newspaper) as second:
        print("Serving two invented sites on this machine: an agency and a newspaper.")
        _run("init", str(folder), folder=folder)
        _run("add", f"{first}/", "--name", "amarrage", "--timezone", "Europe/Paris", folder=folder)
        _run("add", f"{second}/", "--name", "courier", folder=folder)
        _run("crawl", folder=folder)
        _run("crawl", folder=folder)
        _run("search", "escale electricite", folder=folder)
        _run("search", "eels", "--source", "courier", folder=folder)
        _run(
            "show",
            f"{first}/fr/depeche/4127/quai-vert-brisemer-electricite-escales.html",
            folder=folder,
        )
        _run("status", folder=folder)
    here = Path.cwd()
    shown = folder.relative_to(here) if folder.is_relative_to(here) else folder
    command = ".venv/bin/dateline" if Path(".venv/bin/dateline").exists() else "dateline"
    print("\nStart the reading room:\n")
    print(f"  {command} -C {shown} serve")
    print("\nYour own site, in three commands:\n")
    print(f"  {command} init my-archive && cd my-archive")
    print(f"  {_from_inside(command)} add https://the-site-you-follow.example/")
    print(f"  {_from_inside(command)} crawl && {_from_inside(command)} search 'your words'\n")


def _from_inside(command: str) -> str:
    return f"../{command}" if command.startswith(".venv") else command


def main() -> None:
    """Run the demonstration; exit 1 if a command failed."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "demo-archive").absolute()
    try:
        run_demo(folder)
    except _Failed:
        sys.exit(1)


if __name__ == "__main__":
    main()
