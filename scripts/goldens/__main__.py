"""Writes fixtures/goldens; see scripts/network-goldens."""

import argparse
from pathlib import Path

import torch

from .cgcnn import CGCNN
from .cogn import CoGN
from .features import table
from .files import digests, write_json, write_safetensors
from .formula import single, uniform
from .graphs import batch, nearest, voronoi
from .icgcnn import ICGCNN
from .layers import Graphs
from .optimizers import document
from .training import LOSSES, RUNS, gradients, network, statistics, train

LONGEST = 4.2

# The first case of each network is the one whose gradients are written entry by entry, and which is trained.
CGCNN_BASE = {
    "nodeWidth": 16, "hiddenWidth": 32, "convolutionCount": 2, "hiddenLayerCount": 2, "neighborCount": 5,
    "cutoff": 4.0, "gaussianSpacing": 0.4, "padding": "none", "task": "regression",
}
CGCNN_CASES = {
    "base": {},
    "published Gaussians, one convolution": {"cutoff": 8.0, "gaussianSpacing": 0.2, "convolutionCount": 1},
    "three convolutions, wide": {"nodeWidth": 48, "hiddenWidth": 16, "convolutionCount": 3, "hiddenLayerCount": 1},
}
ICGCNN_BASE = {
    "nodeWidth": 16, "edgeWidth": 16, "hiddenWidth": 16, "convolutionCount": 2, "hiddenLayerCount": 1,
    "gaussianReach": 4.0, "gaussianSpacing": 0.4, "usesFacets": True, "facetEncoding": "scalars",
    "usesAngularMoments": False, "weighsBySolidAngle": False, "updatesEdges": True, "hasTriplets": True,
    "normalizesTriplets": True, "minimumSolidAngleFraction": 0.01,
}
ICGCNN_CASES = {
    "base": {},
    "wide edges, triplets added up": {"edgeWidth": 32, "normalizesTriplets": False, "hiddenLayerCount": 2},
    "wide nodes, no edge updates": {"nodeWidth": 32, "updatesEdges": False, "usesFacets": False},
    "as trained": {
        "edgeWidth": 32, "hiddenWidth": 32, "gaussianReach": 8.0, "gaussianSpacing": 0.2,
        "facetEncoding": "gaussians", "usesAngularMoments": True, "weighsBySolidAngle": True, "hasTriplets": False,
        "convolutionCount": 3,
    },
    "weights that saturate, triplets": {
        "usesAngularMoments": True, "weighsBySolidAngle": True, "saturatesWeights": True,
    },
}
COGN_BASE = {
    "width": 16, "elementWidth": 32, "blockCount": 2, "messageDepth": 3, "neighborCount": 24, "cutoff": 4.0,
    "gaussianCount": 10, "updatesEdges": False, "usesFacets": False, "usesAngularMoments": False,
    "weighsBySolidAngle": False, "minimumSolidAngleFraction": 0.01,
}
COGN_CASES = {
    "base": {},
    "published depth": {"blockCount": 5, "messageDepth": 5, "cutoff": 8.0, "gaussianCount": 32},
    "wide, edge updates": {"width": 48, "elementWidth": 16, "blockCount": 3, "updatesEdges": True},
}


def case(kind, name, shape, graphs, targets):
    """What PyTorch says of one network, with all Gaussians and with the eight nearest."""
    result = {"name": name, "architecture": kind.architecture, "configuration": shape}
    for expansion in ("all", "nearestEight"):
        inference = network(kind, shape, expansion).eval()(graphs).tolist()
        training = network(kind, shape, expansion).train()(graphs).tolist()
        result[expansion] = {"inference": inference, "training": training, "losses": {}}
        for loss in LOSSES:
            made = network(kind, shape, expansion)
            value, found = gradients(made, graphs, targets, loss)
            result[expansion]["losses"][loss] = value
            if expansion == "nearestEight":
                result.setdefault("gradients", {})[loss] = digests(found)
                result["statistics"] = digests(statistics(made))
    if name != "base":
        result["gradients"] = {"squared": result["gradients"]["squared"]}
    return result


def runs(kind, shape, graphs, targets):
    """Ten steps of each optimizer, with the eight nearest Gaussians."""
    result = []
    for run in RUNS:
        rates, losses, weights, running = train(network(kind, shape, "nearestEight"), graphs, targets, run)
        result.append(
            run | {"rates": rates, "losses": losses, "weights": digests(weights), "statistics": digests(running)}
        )
    return result


def write(folder, name, kind, base, cases, structures, features):
    graphs = Graphs(*batch(structures), features, len(structures))
    targets = [single(4 * u - 2) for u in uniform(f"{name}.target", len(structures))]
    wanted = torch.tensor(targets, dtype=torch.float64)
    made = network(kind, base, "nearestEight")
    _, tensors = gradients(made, graphs, wanted, "squared")
    write_safetensors(folder / f"{name}.safetensors", tensors | statistics(made))
    document = {
        "torch": torch.__version__.split("+")[0],
        "structures": structures,
        "targets": targets,
        "cases": [case(kind, title, base | changes, graphs, wanted) for title, changes in cases.items()],
        "runs": runs(kind, base, graphs, wanted),
    }
    write_json(folder / f"{name}.json", document)


def main():
    parser = argparse.ArgumentParser(prog="scripts/network-goldens")
    parser.add_argument("--output", type=Path, default=Path("fixtures/goldens"))
    folder = parser.parse_args().output
    folder.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    features = table()
    write(folder, "cgcnn", CGCNN, CGCNN_BASE, CGCNN_CASES, nearest(LONGEST), features)
    write(folder, "icgcnn", ICGCNN, ICGCNN_BASE, ICGCNN_CASES, voronoi(LONGEST), features)
    write(folder, "cogn", CoGN, COGN_BASE, COGN_CASES, nearest(LONGEST), features)
    write_json(folder / "optimizers.json", document())


main()
