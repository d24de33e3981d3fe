"""Figures of the report as SVG, by matplotlib: text as text, in the page's own colour, with points that tell."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib import rc_context
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from benchmarks.experiments.head_to_head.plot import hues
from benchmarks.markdown import Row

COLOURS = ("#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee", "#aa3377", "#999999", "#ee8866", "#44bb99", "#8877dd")


@dataclass(frozen=True)
class Chart:
    """A figure and what it shows in words."""

    name: str
    """Of the figure in the page."""
    title: str
    """Its caption."""
    text: str
    """What it shows, for those who do not see it."""
    svg: str
    """Without size, so that it fits the page."""


def chart(name: str, title: str, text: str, figure: Figure, tips: dict[str, str]) -> Chart:
    """A figure as SVG.  tips: by the gid of an artist what is shown where one points at it."""
    content = io.StringIO()
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": name, "font.family": "sans-serif"}):
        FigureCanvasSVG(figure).print_svg(content, metadata={"Date": None, "Creator": None})
    svg = content.getvalue()
    svg = svg[svg.index("<svg") :].strip()
    svg = re.sub(r"<metadata>.*?</metadata>\s*", "", svg, flags=re.DOTALL)
    # several figures are on one page
    svg = re.sub(r'\bid="([^"]+)"', rf'id="{name}-\1"', svg)
    svg = re.sub(r'(href="|url\()#', rf"\1#{name}-", svg)
    svg = svg.replace("#000000", "currentColor").replace("fill: #ffffff", "fill: none")
    svg = re.sub(r'(<svg[^>]*?) width="[^"]+"', r"\1", svg)
    svg = re.sub(r'(<svg[^>]*?) height="[^"]+"', r"\1", svg)
    # namespaces are given by HTML itself
    svg = re.sub(r' xmlns(:\w+)?="[^"]*"', "", svg).replace("xlink:href", "href")
    svg = re.sub(r' style="(stroke|fill): currentColor"', r' style="\1: currentColor"', svg)
    for gid, tip in tips.items():
        mark = f'id="{name}-{gid}"'
        svg = svg.replace(
            mark, f'{mark} class="tip" tabindex="0" role="img" aria-label="{_escaped(tip)}" data-tip="{_escaped(tip)}"'
        )
    svg = svg.replace("<svg", f'<svg role="group" aria-label="{_escaped(text)}"', 1)
    return Chart(name, title, text, svg)


def scatter(name: str, title: str, text: str, panels: dict[str, list[Row]], axes: tuple[str, str]) -> Chart:
    """A panel for each group of points; of each x, y, group and tip; those with a label are marked and named."""
    figure = Figure(figsize=(3.3 * len(panels), 3.2), layout="constrained")
    tips: dict[str, str] = {}
    for axis, (panel, points) in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels.items(), strict=True):
        groups = list(dict.fromkeys(point["group"] for point in points))
        for point in points:
            gid = f"p{len(tips)}"
            tips[gid] = point["tip"]
            named = point.get("label", "")
            axis.plot(
                *([point["x"]], [point["y"]], "D" if named else "o"),
                color=COLOURS[groups.index(point["group"]) % len(COLOURS)],
                markersize=7 if named else 4,
                alpha=1 if named else 0.5,
                gid=gid,
            )
            if named:
                axis.annotate(named, (point["x"], point["y"]), (6, -3), textcoords="offset points", fontsize=7)
        axis.set(title=panel, xlabel=axes[0], ylabel=axes[1])
        axis.margins(0.14)
        _quiet(axis)
    return chart(name, title, text, figure, tips)


def curves(
    name: str,
    title: str,
    text: str,
    panels: dict[str, dict[str, list[Row]]],
    axes: tuple[str, str],
    styles: Mapping[str, str],
) -> Chart:
    """Lines with bands, {panel: {line: rows with x, y, low, high}}.  styles: of each line, as matplotlib names them."""
    figure = Figure(figsize=(3.3 * len(panels), 3.8), layout="constrained")
    tips: dict[str, str] = {}
    names = list(dict.fromkeys(line for lines in panels.values() for line in lines))
    colours = hues(names)  # there are more lines than COLOURS
    for axis, (panel, lines) in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels.items(), strict=True):
        for line, points in lines.items():
            x, y, low, high = ([point[key] for point in points] for key in ("x", "y", "low", "high"))
            gid, colour = f"l{len(tips)}", colours[line]
            tips[gid] = f"{line}: {y[-1]:.3g} at the end ({low[-1]:.3g} to {high[-1]:.3g})"
            axis.plot(x, y, styles[line], color=colour, label=line, linewidth=1.6, gid=gid)
            axis.fill_between(x, low, high, color=colour, alpha=0.2, linewidth=0)
        axis.set(title=panel, xscale="log", xlabel=axes[0], ylabel=axes[1])
        axis.set_ylim(0, None)
        _quiet(axis)
    handles, labels = figure.axes[0].get_legend_handles_labels()
    legend = figure.legend(handles, labels, loc="outside lower center", ncols=3, fontsize=7, frameon=False)
    legend.get_frame().set_visible(False)
    return chart(name, title, text, figure, tips)


def calibration(name: str, title: str, text: str, lines: Mapping[str, Sequence[tuple[float, float]]]) -> Chart:
    """Shares within intervals against what they should hold, both in per cent."""
    figure = Figure(figsize=(3.4, 3.2), layout="constrained")
    axis, tips = figure.subplots(), {}
    axis.plot([40, 100], [40, 100], ":", color="#000000", linewidth=1)
    for number, (line, points) in enumerate(lines.items()):
        gid = f"c{number}"
        tips[gid] = f"{line}: " + ", ".join(f"{held:.0f}% within {said:.0f}% intervals" for said, held in points)
        axis.plot(*zip(*points, strict=True), "o-", color=COLOURS[number], label=line, gid=gid)
    axis.set(xlabel="interval, per cent", ylabel="held-out trainings within, per cent")
    axis.legend(fontsize=7, frameon=False)
    _quiet(axis)
    return chart(name, title, text, figure, tips)


def _quiet(axis: Any) -> None:
    axis.patch.set_visible(False)
    axis.figure.patch.set_visible(False)
    axis.tick_params(labelsize=7)
    axis.xaxis.label.set_size(8)
    axis.yaxis.label.set_size(8)
    axis.title.set_size(9)
    for side in ("top", "right"):
        axis.spines[side].set_visible(False)


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")
