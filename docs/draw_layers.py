"""Draw the layers of docs/architecture.md from the import contracts in pyproject.toml.

    python docs/draw_layers.py

The picture is what import-linter enforces, so it cannot go stale: ``tests/test_architecture.py``
fails when ``docs/layers.svg`` differs from what this script writes.
"""

from __future__ import annotations

import tomllib
from html import escape
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PICTURE = ROOT / "docs" / "layers.svg"

# Pixels.
_ROW, _GAP, _PAD, _HEAD = 28, 6, 12, 26
_LEFT, _RIGHT, _MARGIN = 560, 300, 16


def layers_of(pyproject: str) -> dict[str, list[list[str]]]:
    """{package: its layers, highest first, each a list of independent siblings}; "" is the root."""
    contracts = tomllib.loads(pyproject)["tool"]["importlinter"]["contracts"]
    return {
        contract.get("containers", [""])[0]: [row.split(" | ") for row in contract["layers"]]
        for contract in contracts
        if contract["type"] == "layers"
    }


def svg(layers: dict[str, list[list[str]]]) -> str:
    """The picture: packages from top to bottom, a package's own packages to its right."""
    parts: list[str] = []
    y = _MARGIN
    for (package,) in layers[""]:
        inner = [name for name in layers if name.startswith(f"{package}.")]
        height = _panel(parts, _MARGIN, y, _LEFT, package, layers.get(package, []))
        beside = y
        for name in inner:
            beside += _panel(
                parts, _MARGIN + _LEFT + _PAD, beside, _RIGHT, name, layers[name]
            ) + _PAD  # fmt: skip
        y = max(y + height + _PAD, beside)
    width = 2 * _MARGIN + _LEFT + _PAD + _RIGHT
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{y}" '
        f'viewBox="0 0 {width} {y}" font-family="sans-serif" font-size="13">\n'
        "<title>Layers of Dateline: each row may import the rows below it</title>\n"
        f'<rect width="{width}" height="{y}" fill="#ffffff"/>\n'
    )
    return head + "".join(parts) + "</svg>\n"


def _panel(
    parts: list[str], x: int, y: int, width: int, name: str, rows: list[list[str]]
) -> int:  # fmt: skip
    """Draw one package with its rows; returns the height in pixels."""
    height = _HEAD + len(rows) * (_ROW + _GAP) + (_PAD if rows else _GAP)
    parts.append(_box(x, y, width, height, "#eef2f7", "#5b6b80"))
    label = name.replace(".", "/") + "/"
    parts.append(
        f'<text x="{x + _PAD}" y="{y + 18}" font-weight="bold" fill="#1d2733">{label}</text>\n'
    )
    for i, row in enumerate(rows):
        top = y + _HEAD + i * (_ROW + _GAP)
        each = (width - 2 * _PAD - (len(row) - 1) * _GAP) / len(row)
        for j, sibling in enumerate(row):
            left = x + _PAD + j * (each + _GAP)
            parts.append(_box(left, top, each, _ROW, "#ffffff", "#8a99ad"))
            parts.append(
                f'<text x="{left + each / 2:g}" y="{top + 18}" text-anchor="middle" '
                f'fill="#1d2733">{escape(sibling)}</text>\n'
            )
    return height


def _box(x: float, y: float, width: float, height: float, fill: str, stroke: str) -> str:
    return (
        f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="4" '
        f'fill="{fill}" stroke="{stroke}"/>\n'
    )


if __name__ == "__main__":
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    PICTURE.write_text(svg(layers_of(text)), encoding="utf-8")
