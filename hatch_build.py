"""Compile ``crawler/extraction/**/_*.pyx`` beside themselves when Dateline is installed.

Where there is no C compiler the installation goes on without: each compiled part has a twin in
Python with the same answers.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

FOLDER = Path("crawler", "extraction")


class Compiled(BuildHookInterface):
    """The hook that ``pyproject.toml`` names."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile into the source tree, from which wheels and editable installations take it."""
        from setuptools.errors import CCompilerError, PlatformError

        if self.target_name != "wheel":
            return
        try:
            self._compile()
        except (CCompilerError, PlatformError, OSError) as error:
            self.app.display_warning(
                f"installed without compiled parts, which takes more time a page: {error}"
            )
            return
        build_data["artifacts"].append(f"/{FOLDER.as_posix()}/**/_*.so")
        build_data["artifacts"].append(f"/{FOLDER.as_posix()}/**/_*.pyd")
        build_data["pure_python"] = False
        build_data["infer_tag"] = True

    def _compile(self) -> None:
        import lxml
        from Cython.Build import cythonize
        from setuptools import Distribution, Extension
        from setuptools.command.build_ext import build_ext

        root = Path(self.root)
        with tempfile.TemporaryDirectory() as scratch:
            parts = [
                Extension(
                    ".".join(source.relative_to(root).with_suffix("").parts),
                    [str(source)],
                    include_dirs=lxml.get_include(),
                )
                for source in sorted((root / FOLDER).rglob("_*.pyx"))
            ]
            parts = cythonize(parts, build_dir=scratch, include_path=lxml.get_include(), quiet=True)
            command = build_ext(Distribution({"name": "dateline", "ext_modules": parts}))
            command.build_lib, command.build_temp = str(root), scratch
            command.parallel = True
            command.ensure_finalized()
            command.run()
