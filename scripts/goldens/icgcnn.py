"""iCGCNN: C. W. Park and C. Wolverton, Phys. Rev. Materials 4, 063801 (2020), with the choices of docs/models.md and the
names of Sluice's weight files. The concatenation of a pair or a triplet is formed and multiplied as a whole."""

import torch
from torch import nn
from torch.nn.functional import softplus

from .layers import gated, gaussians, head, pool


class Message(nn.Module):
    """W z + b of a concatenation z, normalized; the weight is kept in one piece for each part of z."""

    def __init__(self, parts, outputs):
        super().__init__()
        self.parts = list(parts)
        for name, width in parts.items():
            self.add_module(name, nn.Linear(width, outputs, bias=False))
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.inputs = sum(parts.values())
        self.normalization = nn.BatchNorm1d(outputs)

    def forward(self, *z):
        weight = torch.cat([self.get_submodule(name).weight for name in self.parts], dim=1)
        return self.normalization(torch.cat(z, dim=1) @ weight.T + self.bias)


class Normalized(nn.Module):
    """A batch normalization that is called `normalization` in a part of its own."""

    def __init__(self, width):
        super().__init__()
        self.normalization = nn.BatchNorm1d(width)

    def forward(self, rows):
        return self.normalization(rows)


class Convolution(nn.Module):
    def __init__(self, shape, updates_edges):
        super().__init__()
        self.shape = shape
        self.node_width = d = shape["nodeWidth"]
        e = shape["edgeWidth"]
        outputs = 2 * d + (2 * e if updates_edges else 0)
        self.pair = Message({"center": d, "neighbor": d, "edge": e}, outputs)
        if shape["hasTriplets"]:
            parts = {"center": d, "first_neighbor": d, "second_neighbor": d, "first_edge": e, "second_edge": e}
            self.triplet = Message(parts, outputs)
        self.node = Normalized(d)
        if updates_edges:
            self.edge = Normalized(e)
        self.updates_edges = updates_edges

    def forward(self, nodes, edges, graphs, weights):
        center, neighbor, d = graphs.centers, graphs.neighbors, self.node_width
        rows = self.pair(nodes[center], nodes[neighbor], edges)
        sums = torch.zeros_like(nodes).index_add(0, center, weights[:, None] * gated(rows[:, : 2 * d]))
        edge_sums = gated(rows[:, 2 * d :]) if self.updates_edges else None
        if self.shape["hasTriplets"]:
            same = (center[:, None] == center[None, :]) & ~torch.eye(len(center), dtype=torch.bool)
            first, second = same.nonzero(as_tuple=True)
            i, j, l = center[first], neighbor[first], neighbor[second]
            rows = self.triplet(nodes[i], nodes[j], nodes[l], edges[first], edges[second])
            factor = torch.ones(len(center), dtype=torch.float64)
            if self.shape["normalizesTriplets"]:
                factor = 1 / same.sum(dim=1).clamp(min=1)
            factor = factor[first][:, None]
            sums = sums.index_add(0, i, factor * gated(rows[:, : 2 * d]))
            if self.updates_edges:
                edge_sums = edge_sums.index_add(0, first, factor * gated(rows[:, 2 * d :]))
        nodes = softplus(nodes + self.node(sums))
        if self.updates_edges:
            edges = softplus(edges + self.edge(edge_sums))
        return nodes, edges


class ICGCNN(nn.Module):
    architecture = "iCGCNN"

    def __init__(self, shape, expansion):
        super().__init__()
        self.shape = shape
        self.expansion = expansion
        d, e, h = shape["nodeWidth"], shape["edgeWidth"], shape["hiddenWidth"]
        self.gaussian_count = round(shape["gaussianReach"] / shape["gaussianSpacing"]) + 1
        expands = shape["facetEncoding"] == "gaussians"
        columns = self.gaussian_count
        columns += (39 if expands else 3) if shape["usesFacets"] else 0
        columns += (72 if expands else 8) if shape["usesAngularMoments"] else 0
        self.embedding = nn.Linear(92, d)
        self.edge_embedding = nn.Linear(columns, e)
        last = shape["convolutionCount"] - 1
        self.convs = nn.ModuleList(
            Convolution(shape, shape["updatesEdges"] and index < last) for index in range(last + 1)
        )
        self.hidden = nn.ModuleList(
            nn.Linear(d if index == 0 else h, h) for index in range(shape["hiddenLayerCount"])
        )
        self.output = nn.Linear(h, 1)

    def edge_features(self, graphs):
        columns = [gaussians(graphs.distances / self.shape["gaussianSpacing"], self.gaussian_count, self.expansion)]
        expands = self.shape["facetEncoding"] == "gaussians"
        if self.shape["usesFacets"]:
            measures = [(graphs.solidAngles, 0.05), (graphs.areas, 0.1), (graphs.volumes, 0.1)]
            for measure, spacing in measures:
                columns.append(
                    gaussians(measure.sqrt() / spacing, 13, self.expansion) if expands else measure[:, None]
                )
        if self.shape["usesAngularMoments"]:
            for moment in graphs.moments.reshape(-1, 8).T:
                columns.append(gaussians((moment + 1) / 0.25, 9, self.expansion) if expands else moment[:, None])
        return torch.cat(columns, dim=1)

    def forward(self, graphs):
        nodes = self.embedding(graphs.features)
        edges = self.edge_embedding(self.edge_features(graphs))
        weights = torch.ones(len(graphs.centers), dtype=torch.float64)
        if self.shape["weighsBySolidAngle"]:
            weights = 12 * graphs.solidAngles
            if self.shape.get("saturatesWeights"):
                weights = 2 * weights / (1 + weights)
        for convolution in self.convs:
            nodes, edges = convolution(nodes, edges, graphs, weights)
        return head(pool(nodes, graphs.owners, graphs.structures), self.hidden, self.output)

    def inputs(self, name):
        """Width of what the linear layer sees that the tensor belongs to; None for a normalization."""
        owner = name.rsplit(".", 1)[0]
        layer = self.get_submodule(owner)
        if isinstance(layer, Message):
            return layer.inputs
        parent = self.get_submodule(owner.rsplit(".", 1)[0]) if "." in owner else None
        if isinstance(parent, Message):
            return parent.inputs
        return getattr(layer, "in_features", None)
