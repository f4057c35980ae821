"""What is asked of a network: outputs, losses, gradients, and ten steps of an optimizer under a schedule."""

import torch
from torch.nn.functional import huber_loss, l1_loss, mse_loss

from .formula import weight

LOSSES = {"squared": mse_loss, "absolute": l1_loss, "huber": huber_loss}
STEPS = 10

# Every optimizer and every schedule of the trainer; an epoch has two steps.
RUNS = [
    {"optimizer": "sgd", "weightDecay": 0.001, "schedule": "constant", "peak": 0.01},
    {"optimizer": "sgd", "weightDecay": 0.0, "schedule": "oneCycle", "peak": 0.02},
    {"optimizer": "adam", "weightDecay": 0.001, "schedule": "multistep", "peak": 0.003},
    {"optimizer": "adam", "weightDecay": 0.0, "schedule": "cosine", "peak": 0.003},
    {"optimizer": "adamw", "weightDecay": 0.01, "schedule": "oneCycle", "peak": 0.003},
]


def network(kind, shape, expansion):
    """A network whose weights and running statistics follow from their names."""
    made = kind(shape, expansion).double()
    with torch.no_grad():
        for name, tensor in made.state_dict().items():
            if not name.endswith("num_batches_tracked"):
                numbers = weight(name, tensor.shape, made.inputs(name))
                tensor.copy_(torch.tensor(numbers, dtype=torch.float64).reshape(tensor.shape))
    return made


def statistics(made):
    """Running means and variances by name."""
    return {name: tensor.clone() for name, tensor in made.state_dict().items() if "running_" in name}


def gradients(made, graphs, targets, loss):
    """Loss in training mode and every gradient, by name."""
    made.train()
    made.zero_grad()
    value = LOSSES[loss](made(graphs), targets)
    value.backward()
    return value.item(), {name: tensor.grad.clone() for name, tensor in made.named_parameters()}


def _optimizer(made, run):
    parameters, decay, peak = made.parameters(), run["weightDecay"], run["peak"]
    if run["optimizer"] == "sgd":
        return torch.optim.SGD(parameters, lr=peak, momentum=0.9, weight_decay=decay)
    kind = torch.optim.Adam if run["optimizer"] == "adam" else torch.optim.AdamW
    return kind(parameters, lr=peak, betas=(0.9, 0.999), weight_decay=decay)


def _schedule(optimizer, run):
    kinds = torch.optim.lr_scheduler
    if run["schedule"] == "oneCycle":
        return kinds.OneCycleLR(optimizer, max_lr=run["peak"], total_steps=STEPS, pct_start=0.3)
    if run["schedule"] == "multistep":
        return kinds.MultiStepLR(optimizer, milestones=[4, 8], gamma=0.1)
    if run["schedule"] == "cosine":
        return kinds.CosineAnnealingLR(optimizer, T_max=STEPS)
    return kinds.ConstantLR(optimizer, factor=1.0)


def train(made, graphs, targets, run):
    """Ten steps on one batch: learning rates and momenta, losses, and the weights and running statistics at the end."""
    made.train()
    optimizer = _optimizer(made, run)
    schedule = _schedule(optimizer, run)
    rates, losses = [], []
    for _ in range(STEPS):
        group = optimizer.param_groups[0]
        rates.append([group["lr"], group["momentum"] if run["optimizer"] == "sgd" else group["betas"][0]])
        optimizer.zero_grad()
        loss = mse_loss(made(graphs), targets)
        loss.backward()
        optimizer.step()
        schedule.step()
        losses.append(loss.item())
    return rates, losses, {name: tensor.detach() for name, tensor in made.named_parameters()}, statistics(made)
