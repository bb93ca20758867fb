"""ravine and its peers side by side: `python -m bench --help`."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict, replace
from pathlib import Path

from bench import machine
from bench.contestants import FAMILIES, select_peers
from bench.measure import Settings, geometric_means, measure
from bench.workloads import WORKLOADS


def parse_arguments() -> argparse.Namespace:
    cpus = len(machine.available_cpus())
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__.split(":")[0])
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2] if cpus > 1 else [1], metavar="T")
    parser.add_argument("--workloads", nargs="+", default=list(WORKLOADS), choices=list(WORKLOADS), metavar="ID")
    parser.add_argument("--peers", nargs="+", metavar="PEER", help=f"names or families ({', '.join(FAMILIES)})")
    parser.add_argument("--rounds", type=int, help=f"default {Settings.rounds}, with --quick 3")
    parser.add_argument("--quick", action="store_true", help="short turns and few rounds: a smoke test, not a result")
    parser.add_argument(
        "--cpu-time", action="store_true", help="count processor time: for one thread while the machine is busy"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything that was measured")
    parser.add_argument("--png", type=Path, metavar="FILE", help="draw the ratios as a bar chart")
    arguments = parser.parse_args()
    if any(not 1 <= threads <= cpus for threads in arguments.threads):
        parser.error(f"--threads: this process may use {cpus} CPUs")
    if arguments.rounds is not None and arguments.rounds < 1:
        parser.error("--rounds: expected at least 1")
    if arguments.cpu_time and arguments.threads != [1]:
        parser.error("--cpu-time adds up the time of all threads: it needs --threads 1")
    return arguments


def main() -> int:
    arguments = parse_arguments()
    try:
        from bench.report import make_console, print_report
    except ImportError as error:
        print(f"{error.name} is missing: pip install 'ravine[bench]'", file=sys.stderr)
        return 1
    try:
        peers = select_peers(arguments.peers)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    settings = Settings(rounds=3, turn=0.1) if arguments.quick else Settings()
    clock = "cpu_seconds" if arguments.cpu_time else "seconds"
    settings = replace(settings, rounds=arguments.rounds or settings.rounds, clock=clock)

    console = make_console()
    report = {
        "machine": machine.describe(),
        "command": " ".join(["python -m bench", *sys.argv[1:]]),
        "settings": asdict(settings) | {"quick": arguments.quick},
        "limits": {str(threads): found for threads in arguments.threads if (found := machine.limits(threads))},
        "rows": [],
        "geometric_means": {},
    }
    with console.status("starting") as status:
        for threads in arguments.threads:
            for name in arguments.workloads:
                row = measure(WORKLOADS[name], threads, peers, settings, status.update)
                report["rows"].append(row)
                report["geometric_means"] = geometric_means(report["rows"])
                if arguments.json:  # after every row: a long run that is cut off leaves what it has
                    arguments.json.write_text(json.dumps(report, indent=1) + "\n")
    print_report(console, report)
    if arguments.png:
        from bench.chart import save_chart

        save_chart(report, arguments.png)
    return 0


if __name__ == "__main__":
    sys.exit(main())
