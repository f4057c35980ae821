"""CGCNN: T. Xie and J. C. Grossman, Phys. Rev. Lett. 120, 145301 (2018), under the names of the authors' weight files."""

import torch
from torch import nn
from torch.nn.functional import softplus

from .layers import gated, gaussians, head, pool


class Convolution(nn.Module):
    def __init__(self, width, gaussian_count):
        super().__init__()
        self.fc_full = nn.Linear(2 * width + gaussian_count, 2 * width)
        self.bn1 = nn.BatchNorm1d(2 * width)
        self.bn2 = nn.BatchNorm1d(width)

    def forward(self, nodes, graphs, bonds):
        z = torch.cat([nodes[graphs.centers], nodes[graphs.neighbors], bonds], dim=1)
        messages = gated(self.bn1(self.fc_full(z)))
        sums = torch.zeros_like(nodes).index_add(0, graphs.centers, messages)
        return softplus(nodes + self.bn2(sums))


class CGCNN(nn.Module):
    architecture = "CGCNN"

    def __init__(self, shape, expansion):
        super().__init__()
        self.shape = shape
        self.expansion = expansion
        width, hidden = shape["nodeWidth"], shape["hiddenWidth"]
        self.gaussian_count = round(shape["cutoff"] / shape["gaussianSpacing"]) + 1
        self.embedding = nn.Linear(92, width)
        self.convs = nn.ModuleList(
            Convolution(width, self.gaussian_count) for _ in range(shape["convolutionCount"])
        )
        self.conv_to_fc = nn.Linear(width, hidden)
        self.fcs = nn.ModuleList(nn.Linear(hidden, hidden) for _ in range(shape["hiddenLayerCount"] - 1))
        self.fc_out = nn.Linear(hidden, 1)

    def forward(self, graphs):
        bonds = gaussians(graphs.distances / self.shape["gaussianSpacing"], self.gaussian_count, self.expansion)
        nodes = self.embedding(graphs.features)
        for convolution in self.convs:
            nodes = convolution(nodes, graphs, bonds)
        pooled = pool(nodes, graphs.owners, graphs.structures)
        return head(pooled, [self.conv_to_fc, *self.fcs], self.fc_out)

    def inputs(self, name):
        """Width of what the linear layer sees that the tensor belongs to; None for a normalization."""
        layer = self.get_submodule(name.rsplit(".", 1)[0])
        return getattr(layer, "in_features", None)
