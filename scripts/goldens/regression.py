"""Ridge and kernel ridge regression by scikit-learn: fixtures/goldens/regression.json."""

import json

import numpy
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF
from sklearn.kernel_ridge import KernelRidge
from sklearn.linear_model import Ridge
from sklearn.model_selection import KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

OUTPUT = "fixtures/goldens/regression.json"
KERNELS = {"gaussian": "rbf", "laplacian": "laplacian"}


def estimator(kind, alpha, gamma):
    if kind == "ridge":
        return Ridge(alpha=alpha, fit_intercept=False)
    return KernelRidge(kernel=KERNELS[kind], alpha=alpha, gamma=gamma)


def main():
    random = numpy.random.default_rng(1)
    # Few digits, so that the file is small; the fourth feature does not vary.
    features = random.normal(size=(36, 5)).round(3) * [1, 10, 0.1, 0, 1] + [0, 5, 0, 2, 0]
    features = features.round(4)
    targets = (numpy.sin(features[:, 0]) + 0.2 * features[:, 1] + features[:, 4] ** 2).round(3)
    train, test = slice(0, 30), slice(30, 36)
    x, y, new = features[train], targets[train], features[test]
    cases = []
    for kind in ["ridge", "gaussian", "laplacian"]:
        for standardizes in [True, False]:
            for centers in [True, False]:
                for alpha, gamma in [(0.01, 0.05), (1.0, 0.3)]:
                    offset = y.mean() if centers else 0.0
                    steps = ([StandardScaler()] if standardizes else []) + [estimator(kind, alpha, gamma)]
                    model = make_pipeline(*steps).fit(x, y - offset)
                    case = {
                        "kind": kind, "standardizes": standardizes, "centers": centers, "alpha": alpha,
                        "gamma": gamma, "predictions": (model.predict(new) + offset).tolist(),
                    }
                    if kind != "ridge":
                        # Five folds in the order of the rows; the offset of each is that of the rows it is fitted on.
                        errors = []
                        for kept, left in KFold(5).split(x):
                            mean = y[kept].mean() if centers else 0.0
                            fold = make_pipeline(*steps).fit(x[kept], y[kept] - mean)
                            errors.extend(fold.predict(x[left]) + mean - y[left])
                        case["crossValidated"] = float(numpy.abs(errors).mean())
                    if kind == "gaussian":
                        scaled = StandardScaler().fit(x) if standardizes else None
                        rows = scaled.transform(x) if scaled else x
                        process = GaussianProcessRegressor(
                            RBF(length_scale=(2 * gamma) ** -0.5), alpha=alpha, optimizer=None
                        ).fit(rows, y - offset)
                        _, spread = process.predict(scaled.transform(new) if scaled else new, return_std=True)
                        # The scale that is most likely.
                        scale = float((y - offset) @ process.alpha_.ravel() / len(y))
                        case["deviations"] = (spread * scale**0.5).tolist()
                    cases.append(case)
    document = {
        "features": x.tolist(), "targets": y.tolist(), "newFeatures": new.tolist(), "cases": cases,
    }
    with open(OUTPUT, "w") as file:
        json.dump(document, file, separators=(",", ":"))
        file.write("\n")


main()
