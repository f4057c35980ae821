"""What the networks have in common, in double precision."""

import torch
from torch.nn.functional import softplus

TAPS = 8


def gaussians(positions, count, expansion):
    """exp(−(x − k)²) for k in 0 … count − 1, or those of the eight k nearest x alone, as Sluice evaluates them."""
    k = torch.arange(count, dtype=torch.float64)
    values = torch.exp(-((positions[:, None] - k) ** 2))
    if expansion == "all":
        return values
    first = (positions.long() - 3).clamp(0, count - TAPS)[:, None]
    index = torch.arange(count)
    return torch.where((index >= first) & (index < first + TAPS), values, torch.zeros(()).double())


def pool(nodes, owners, count):
    """The mean of each structure's sites."""
    sums = torch.zeros(count, nodes.shape[1], dtype=torch.float64).index_add(0, owners, nodes)
    return sums / torch.bincount(owners, minlength=count)[:, None]


def gated(rows):
    """σ(first half) ⊙ softplus(second half)."""
    filters, cores = rows.chunk(2, dim=1)
    return torch.sigmoid(filters) * softplus(cores)


class Graphs:
    """A batch as tensors, with the table of element features."""

    def __init__(self, elements, owners, centers, neighbors, joined, features, structures):
        self.elements = torch.tensor(elements)
        self.features = torch.tensor([features[z] for z in elements], dtype=torch.float64)
        self.owners = torch.tensor(owners)
        self.centers = torch.tensor(centers)
        self.neighbors = torch.tensor(neighbors)
        self.sites = len(elements)
        self.structures = structures
        for key, numbers in joined.items():
            setattr(self, key, torch.tensor(numbers, dtype=torch.float64))


def head(pooled, hidden, output):
    """Softplus, hidden layers with softplus, and one output."""
    vector = softplus(pooled)
    for layer in hidden:
        vector = softplus(layer(vector))
    return output(vector)[:, 0]
