"""coGN: R. Ruff et al., Digital Discovery 3, 594 (2024), with the element features of docs/models.md and the names of
Sluice's weight files. What a message's first layer sees is formed as a whole: edge ⊕ center ⊕ neighbor [⊕ message before]."""

import torch
from torch import nn
from torch.nn.functional import silu

from .layers import pool


class Path(nn.Module):
    """A parameter without a layer of its own; its name's owner has the width of what it sees."""

    def __init__(self, outputs, inputs):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(outputs, inputs))
        self.in_features = inputs


class First(nn.Linear):
    """The first layer of a message, in parts: the edge's columns, those of its ends, those of the message before."""

    def __init__(self, width, sees_messages):
        super().__init__(width, width)
        self.ends = Path(width, 2 * width)
        if sees_messages:
            self.message = Path(width, width)

    def forward(self, edges, centers, neighbors, messages):
        columns, parts = [self.weight, self.ends.weight], [edges, centers, neighbors]
        if hasattr(self, "message"):
            columns.append(self.message.weight)
            parts.append(messages)
        return torch.cat(parts, dim=1) @ torch.cat(columns, dim=1).T + self.bias


class Block(nn.Module):
    def __init__(self, width, depth, sees_messages):
        super().__init__()
        self.message = nn.ModuleList(
            [First(width, sees_messages)] + [nn.Linear(width, width) for _ in range(depth - 1)]
        )
        self.node = nn.Linear(width, width)

    def forward(self, nodes, edges, graphs, before):
        message = silu(self.message[0](edges, nodes[graphs.centers], nodes[graphs.neighbors], before))
        for layer in self.message[1:]:
            message = silu(layer(message))
        sums = torch.zeros_like(nodes).index_add(0, graphs.centers, message)
        return nodes + silu(self.node(sums)), message


class CoGN(nn.Module):
    architecture = "coGN"

    def __init__(self, shape, expansion):
        super().__init__()
        self.shape = shape
        width, elements = shape["width"], shape["elementWidth"]
        self.embedding = nn.Embedding(100, elements)
        self.input = nn.Linear(elements, width)
        self.features = nn.Linear(92, width, bias=False)
        self.edge_embedding = nn.Linear(shape["gaussianCount"], width)
        self.blocks = nn.ModuleList(
            Block(width, shape["messageDepth"], shape["updatesEdges"] and number > 0)
            for number in range(shape["blockCount"])
        )
        self.output = nn.Linear(width, 1)

    def expand(self, distances):
        """exp(−(d − μ)² / 2σ²), μ from a spacing Δ to the cutoff, σ² = Δ · 1 Å."""
        spacing = self.shape["cutoff"] / self.shape["gaussianCount"]
        centers = spacing * torch.arange(1, self.shape["gaussianCount"] + 1, dtype=torch.float64)
        return torch.exp(-((distances[:, None] - centers) ** 2) / (2 * spacing))

    def forward(self, graphs):
        numbers = graphs.elements - 1
        nodes = self.input(self.embedding(numbers)) + self.features(graphs.features)
        edges = self.edge_embedding(self.expand(graphs.distances))
        message = None
        for block in self.blocks:
            nodes, message = block(nodes, edges, graphs, message)
        return pool(self.output(nodes), graphs.owners, graphs.structures)[:, 0]

    def inputs(self, name):
        """Width of what the linear layer sees that the tensor belongs to, as its weight's columns say."""
        layer = self.get_submodule(name.rsplit(".", 1)[0])
        return getattr(layer, "in_features", None) or layer.embedding_dim
