"""The parent's side of a worker process: starts it, asks it, and holds it still while others have their turn."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from bench.contestants import Contestant

ROOT = Path(__file__).resolve().parent.parent


class WorkerError(Exception):
    """The worker failed, died or took too long."""


def thread_environment(threads: int) -> dict[str, str]:
    count = str(threads)
    return {
        **dict.fromkeys(["OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAVINE_NUM_THREADS"], count),
        "TF_NUM_INTRAOP_THREADS": count,
        "TF_NUM_INTEROP_THREADS": "1",
        "NPROC": count,  # XLA's thread pool
        "TF_CPP_MIN_LOG_LEVEL": "2",
        "TORCHINDUCTOR_COMPILE_THREADS": "1",  # no pool of compiler processes that outlives the compilation
    }


def python_path_with(*folders: str) -> str:
    """PYTHONPATH for a child: the bench, these folders, and what this process was given."""
    inherited = os.environ.get("PYTHONPATH")
    return os.pathsep.join([str(ROOT), *folders, *([inherited] if inherited else [])])


class Worker:
    """A contestant's process, pinned to `cpus`. Between calls of `ask` it is stopped (SIGSTOP): none of its threads
    can spin, collect garbage or compile while another contestant is measured."""

    def __init__(
        self,
        contestant: Contestant,
        threads: int,
        cpus: list[int],
        preload: Path | None,
        python_path: str | None = None,
    ) -> None:
        self.name = contestant.name
        environment = {**os.environ, **thread_environment(threads), **contestant.environment}
        environment["PYTHONPATH"] = python_path_with(*([python_path] if python_path else []))
        if preload is not None:
            environment["LD_PRELOAD"] = str(preload)
        self._log = tempfile.TemporaryFile("w+", errors="replace")  # noqa: SIM115 (closed by close)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.worker", contestant.name, str(threads), ",".join(map(str, cpus))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            bufsize=1,
            env=environment,
            cwd=ROOT,
        )

    def ask(self, timeout: float, **command: Any) -> dict[str, Any]:
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None and stdout is not None
        try:
            self._process.send_signal(signal.SIGCONT)
            stdin.write(json.dumps(command) + "\n")
            stdin.flush()
            if not select.select([stdout], [], [], timeout)[0]:
                raise WorkerError(f"no answer within {timeout:.0f} s")
            line = stdout.readline()
        except OSError as error:
            raise WorkerError(f"the process is gone ({error}): {self._last_words()}") from error
        if not line:
            raise WorkerError(f"the process died: {self._last_words()}")
        self._process.send_signal(signal.SIGSTOP)
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise WorkerError(answer["error"])
        return answer

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout, self._log):
            with contextlib.suppress(OSError):
                if stream is not None:
                    stream.close()

    def _last_words(self) -> str:
        self._log.seek(0)
        lines = [line.strip() for line in self._log if line.strip()]
        return lines[-1][:300] if lines else "it left no message"
