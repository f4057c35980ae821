"""The graphs that the networks see. They follow from a formula and are no crystals: what counts is that every case occurs."""

from .formula import single, uniform

# Elements of each structure; the last one has a site without neighbors, the first a single site.
CGCNN_ELEMENTS = [[29], [11, 17], [22, 8, 8], [56, 22, 8, 8, 8], [57, 58, 1, 79]]
ICGCNN_ELEMENTS = [[29], [11, 17], [22, 8, 8], [57, 58, 79]]


def _numbers(name, count, low, high):
    return [single(low + (high - low) * u) for u in uniform(name, count)]


def structure(name, elements, counts, longest):
    """A structure whose site i has counts[i] neighbors, the nearest first, at 0.8 Å to `longest`."""
    edges = sum(counts)
    offsets = [0]
    distances = []
    for site, count in enumerate(counts):
        offsets.append(offsets[-1] + count)
        distances += sorted(_numbers(f"{name}.{site}.distance", count, 0.8, longest))
    neighbors = [int(u * len(elements)) for u in uniform(name + ".neighbor", edges)]
    return {"atomicNumbers": elements, "edgeOffsets": offsets, "neighbors": neighbors, "distances": distances}


def nearest(longest):
    """Graphs for CGCNN: one to five neighbors, one site without any."""
    result = []
    for index, elements in enumerate(CGCNN_ELEMENTS):
        name = f"nearest.{index}"
        counts = [1 + int(5 * u) for u in uniform(name + ".count", len(elements))]
        if index == len(CGCNN_ELEMENTS) - 1:
            counts[1] = 0
        result.append(structure(name, elements, counts, longest))
    return result


def voronoi(longest):
    """Graphs for iCGCNN: facets as Ω/4π, A/10 Å², V/10 Å³ and eight angular moments; one site with a single facet."""
    result = []
    for index, elements in enumerate(ICGCNN_ELEMENTS):
        name = f"voronoi.{index}"
        counts = [2 + int(4 * u) for u in uniform(name + ".count", len(elements))]
        if index == len(ICGCNN_ELEMENTS) - 1:
            counts[1] = 1
        graph = structure(name, elements, counts, longest)
        edges = len(graph["neighbors"])
        graph["solidAngles"] = _numbers(name + ".angle", edges, 0.01, 0.45)
        graph["areas"] = _numbers(name + ".area", edges, 0.02, 1.2)
        graph["volumes"] = _numbers(name + ".volume", edges, 0.02, 0.9)
        graph["moments"] = _numbers(name + ".moment", 8 * edges, -1, 1)
        result.append(graph)
    return result


def batch(structures):
    """One batch: sites, edges as (center, neighbor), the structure of each site, and everything per edge in a row."""
    centers, neighbors, owners, elements = [], [], [], []
    joined = {key: [] for key in ("distances", "solidAngles", "areas", "volumes", "moments")}
    for index, graph in enumerate(structures):
        first = len(elements)
        elements += graph["atomicNumbers"]
        owners += [index] * len(graph["atomicNumbers"])
        for site in range(len(graph["atomicNumbers"])):
            for edge in range(graph["edgeOffsets"][site], graph["edgeOffsets"][site + 1]):
                centers.append(first + site)
                neighbors.append(first + graph["neighbors"][edge])
        for key in joined:
            joined[key] += graph.get(key, [])
    return elements, owners, centers, neighbors, joined
