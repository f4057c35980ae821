"""What PyTorch's optimizers make of given gradients, entry by entry, and the rates of its schedules."""

import torch

from .formula import single, uniform

ENTRIES = 5
# Learning rate and momentum change between steps, as under a one-cycle schedule.
RATES = [(0.1, 0.9), (0.1, 0.9), (0.05, 0.85), (0.05, 0.85), (0.02, 0.9), (0.02, 0.95)]
DECAYS = [0.0, 0.01]
PEAK = 0.02
STEPS_PER_EPOCH = 3


def _numbers(name):
    return [single(4 * u - 2) for u in uniform(name, ENTRIES)]


def _made(kind, parameters, decay):
    if kind == "sgd":
        return torch.optim.SGD(parameters, lr=1, momentum=0.9, weight_decay=decay)
    return {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[kind](parameters, lr=1, weight_decay=decay)


def _set(group, rate, momentum):
    group["lr"] = rate
    if "momentum" in group:
        group["momentum"] = momentum
    else:
        group["betas"] = (momentum, 0.999)


def _run(kind, decay, start, gradients):
    """The values after each step."""
    values = torch.nn.Parameter(torch.tensor(start, dtype=torch.float64))
    optimizer = _made(kind, [values], decay)
    rows = []
    for gradient, (rate, momentum) in zip(gradients, RATES):
        _set(optimizer.param_groups[0], rate, momentum)
        values.grad = torch.tensor(gradient, dtype=torch.float64)
        optimizer.step()
        rows.append(values.tolist())
    return {"optimizer": kind, "weightDecay": decay, "values": rows}


def _schedule(name, steps, make, **parameters):
    """Learning rate and momentum of every step."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=PEAK, momentum=0.9)
    schedule = make(optimizer)
    rates = []
    for _ in range(steps):
        rates.append([optimizer.param_groups[0]["lr"], optimizer.param_groups[0]["momentum"]])
        optimizer.step()
        schedule.step()
    return {"schedule": name, **parameters, "rates": rates}


def _one_cycle(steps, warm_up):
    def make(optimizer):
        return torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=PEAK, total_steps=steps, pct_start=warm_up)

    return _schedule("oneCycle", steps, make, warmUp=warm_up)


def _multistep(steps, epochs, factor):
    def make(optimizer):
        milestones = [epoch * STEPS_PER_EPOCH for epoch in epochs]
        return torch.optim.lr_scheduler.MultiStepLR(optimizer, milestones=milestones, gamma=factor)

    return _schedule("multistep", steps, make, epochs=epochs, factor=factor)


def _plain(name, steps):
    kinds = torch.optim.lr_scheduler

    def make(optimizer):
        if name == "cosine":
            return kinds.CosineAnnealingLR(optimizer, T_max=steps)
        return kinds.ConstantLR(optimizer, factor=1.0)

    return _schedule(name, steps, make)


def document():
    start = _numbers("optimizer.start")
    gradients = [_numbers(f"optimizer.gradient.{step}") for step in range(len(RATES))]
    # A gradient of zero for once; gradients about as small as Adam's ε = 1e-8; and an entry that decay alone moves.
    gradients[2][1] = 0.0
    for gradient in gradients:
        gradient[-2] = single(1e-8 * gradient[-2])
        gradient[-1] = 0.0
    return {
        "torch": torch.__version__.split("+")[0],
        "start": start,
        "gradients": gradients,
        "rates": RATES,
        "runs": [
            _run(kind, decay, start, gradients) for kind in ("sgd", "adam", "adamw") for decay in DECAYS
        ],
        "peak": PEAK,
        "stepsPerEpoch": STEPS_PER_EPOCH,
        "schedules": [
            _one_cycle(10, 0.3),
            # The peak lies between two steps.
            _one_cycle(7, 0.4),
            # A warm-up shorter than two steps.
            _one_cycle(5, 0.3),
            _multistep(12, [1, 3], 0.1),
            _multistep(9, [2], 0.5),
            _plain("cosine", 8),
            _plain("constant", 3),
        ],
    }
