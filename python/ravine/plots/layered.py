"""Places for the nodes of a directed graph, in layers from top to bottom (Sugiyama et al. 1981).

Each node goes below all nodes that lead to it; an edge over several layers passes through stand-ins in those between.
Sweeps over the layers order the nodes by the mean place of their neighbours, so that few edges cross, and then move
them as near to that mean as the distance between nodes allows.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

SWEEPS = 12

Point = tuple[float, float]


@dataclass
class _Spot:
    """A node, or the stand-in of an edge in a layer between its ends."""

    key: int | None
    width: float
    height: float
    layer: int = 0
    x: float = 0.0
    above: list[_Spot] = field(default_factory=list)
    below: list[_Spot] = field(default_factory=list)


@dataclass
class Layout:
    """Where everything is. y grows downwards from 0, x to the right from 0.

    Attributes:
        places: the centre of each node.
        routes: the points of each edge between its ends, in pairs: where it enters and leaves a layer.
        size: width and height of the whole.
    """

    places: dict[int, Point]
    routes: dict[tuple[int, int], list[Point]]
    size: tuple[float, float]


def layered(
    sizes: Mapping[int, tuple[float, float]],
    edges: Sequence[tuple[int, int]],
    gap: float = 0.3,
    layer_gap: float = 0.35,
) -> Layout:
    """Lay out a graph without cycles.

    Args:
        sizes: width and height of each node.
        edges: pairs (from, to); a pair that comes twice counts once.
        gap: between neighbours in a layer.
        layer_gap: between layers.
    """
    spots = {key: _Spot(key, *size) for key, size in sizes.items()}
    edges = list(dict.fromkeys(edges))
    _assign_layers(spots, edges)
    layers: list[list[_Spot]] = [[] for _ in range(1 + max((s.layer for s in spots.values()), default=0))]
    for spot in spots.values():
        layers[spot.layer].append(spot)
    chains = {edge: _chain(spots[edge[0]], spots[edge[1]], layers) for edge in edges}
    _order(layers)
    _place(layers, gap)

    tops, bottoms = [], []
    y = 0.0
    for row in layers:
        height = max(spot.height for spot in row)
        tops.append(y)
        bottoms.append(y + height)
        y += height + layer_gap
    routes = {
        edge: [point for spot in chain for point in ((spot.x, tops[spot.layer]), (spot.x, bottoms[spot.layer]))]
        for edge, chain in chains.items()
    }
    places = {key: (spot.x, (tops[spot.layer] + bottoms[spot.layer]) / 2) for key, spot in spots.items()}
    width = max((spot.x + spot.width / 2 for row in layers for spot in row), default=0.0)
    return Layout(places, routes, (width, max(bottoms, default=0.0)))


def _assign_layers(spots: dict[int, _Spot], edges: list[tuple[int, int]]) -> None:
    """One below the lowest node that leads here; what nothing leads to stands just above where it is needed."""
    after: dict[int, list[int]] = {key: [] for key in spots}
    waiting = dict.fromkeys(spots, 0)
    for source, target in edges:
        after[source].append(target)
        waiting[target] += 1
    sources = [key for key, count in waiting.items() if count == 0]
    ready = list(sources)
    done = 0
    while ready:
        key = ready.pop()
        done += 1
        for target in after[key]:
            spots[target].layer = max(spots[target].layer, spots[key].layer + 1)
            waiting[target] -= 1
            if waiting[target] == 0:
                ready.append(target)
    if done < len(spots):
        raise ValueError("The graph has a cycle.")
    for key in sources:
        if after[key]:
            spots[key].layer = min(spots[target].layer for target in after[key]) - 1


def _chain(source: _Spot, target: _Spot, layers: list[list[_Spot]]) -> list[_Spot]:
    """Link two spots through stand-ins, which are returned."""
    chain = [_Spot(None, 0.0, 0.0, layer) for layer in range(source.layer + 1, target.layer)]
    for spot in chain:
        layers[spot.layer].append(spot)
    for upper, lower in zip([source, *chain], [*chain, target], strict=True):
        upper.below.append(lower)
        lower.above.append(upper)
    return chain


def _order(layers: list[list[_Spot]]) -> None:
    """Sort each layer by the mean position of the neighbours; keep the order with the fewest crossings."""
    best, fewest = [list(row) for row in layers], _crossings(layers)
    for sweep in range(SWEEPS):
        if fewest == 0:
            break
        down = sweep % 2 == 0
        for row in layers[1:] if down else layers[-2::-1]:
            position = {id(spot): index for line in layers for index, spot in enumerate(line)}
            means = {}
            for spot in row:
                near = spot.above if down else spot.below
                places = [position[id(neighbour)] for neighbour in near] or [position[id(spot)]]
                means[id(spot)] = sum(places) / len(places)
            row.sort(key=lambda spot: means[id(spot)])
        count = _crossings(layers)
        if count < fewest:
            best, fewest = [list(row) for row in layers], count
    for row, order in zip(layers, best, strict=True):
        row[:] = order


def _crossings(layers: list[list[_Spot]]) -> int:
    count = 0
    for upper, lower in itertools.pairwise(layers):
        position = {id(spot): index for index, spot in enumerate(lower)}
        ends = [sorted(position[id(below)] for below in spot.below) for spot in upper]
        for index, first in enumerate(ends):
            for second in ends[index + 1 :]:
                count += sum(a > b for a in first for b in second)
    return count


def _place(layers: list[list[_Spot]], gap: float) -> None:
    for row in layers:
        _spread(row, [0.0] * len(row), [1.0] * len(row), gap)
    for sweep in range(4 * SWEEPS):
        for row in layers if sweep % 2 == 0 else reversed(layers):
            wanted, pulls = [], []
            for spot in row:
                near = [(other, _pull(spot, other)) for other in (*spot.above, *spot.below)]
                pull = sum(weight for _, weight in near)
                wanted.append(sum(weight * other.x for other, weight in near) / pull if near else spot.x)
                pulls.append(pull or 0.1)
            _spread(row, wanted, pulls, gap)
    left = min((spot.x - spot.width / 2 for row in layers for spot in row), default=0.0)
    for row in layers:
        for spot in row:
            spot.x -= left


def _pull(one: _Spot, other: _Spot) -> float:
    """How much an edge wants to be straight: long ones more (the weights of Gansner et al. 1993)."""
    return (1.0, 2.0, 8.0)[(one.key is None) + (other.key is None)]


def _spread(row: list[_Spot], wanted: list[float], pulls: list[float], gap: float) -> None:
    """Move the spots of a layer as near to the wanted places as order and distances allow, in the least squares.

    Without the widths it is isotonic regression, which merging neighbours that are in the wrong order solves
    (Barlow et al. 1972).
    """
    offsets = [0.0]
    for left, right in itertools.pairwise(row):
        offsets.append(offsets[-1] + (left.width + right.width) / 2 + gap)
    blocks: list[tuple[float, float, int]] = []  # mean place, pull and number of spots
    for place, pull, offset in zip(wanted, pulls, offsets, strict=False):
        mean, count = place - offset, 1
        while blocks and blocks[-1][0] > mean:
            before, more, number = blocks.pop()
            mean = (mean * pull + before * more) / (pull + more)
            pull += more
            count += number
        blocks.append((mean, pull, count))
    places = [mean for mean, _, count in blocks for _ in range(count)]
    for spot, place, offset in zip(row, places, offsets, strict=True):
        spot.x = place + offset
