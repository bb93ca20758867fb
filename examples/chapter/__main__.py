"""The chapter's experiments, trained for real on MNIST and CIFAR-10.

    python examples/chapter [NAME ...] [--seeds 1 2] [--epochs N] [--json FILE]

Prints a line per trained net. The data is downloaded once into the cache folder (RAVINE_HOME).
"""

import argparse
import importlib
import json
import time
from pathlib import Path

EXPERIMENTS = ["depth", "nine_optimizers", "batch_normalization", "dropout", "one_cycle", "transfer", "cifar_nets"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(EXPERIMENTS)}; default: all")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--epochs", type=int, help="instead of each experiment's own number")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the results there")
    arguments = parser.parse_args()
    unknown = set(arguments.names) - set(EXPERIMENTS)
    if unknown:
        parser.error(f"no experiment {', '.join(sorted(unknown))}; there are {', '.join(EXPERIMENTS)}")

    results = []
    print(f"{'net':52} {'seed':>4} {'epochs':>6} {'train':>7} {'valid':>7} {'test':>7} {'seconds':>8}")
    for name in arguments.names or EXPERIMENTS:
        experiment = importlib.import_module(name)
        options = {} if arguments.epochs is None else {"epochs": arguments.epochs}
        for seed in arguments.seeds:
            start = time.perf_counter()
            for result in experiment.run(seed, **options):
                seconds = time.perf_counter() - start
                accuracies = " ".join(f"{x:7.4f}" for x in (result.train, result.valid, result.test))
                print(f"{result.net:52} {result.seed:4} {result.epochs:6} {accuracies} {seconds:8.1f}", flush=True)
                results.append({"experiment": name, **result._asdict()})
                if arguments.json:
                    arguments.json.write_text(json.dumps(results, indent=1))
                start = time.perf_counter()


if __name__ == "__main__":
    main()
