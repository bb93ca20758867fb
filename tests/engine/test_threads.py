"""How many threads run, and what happens around them: environment, affinity, forks, signals, other Python threads."""

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from networks import network

from ravine import _core

HERE = Path(__file__).parent
SetThreads = Callable[[int], None]


def python(code: str, timeout: float = 60, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("RAVINE_", "OMP_"))}
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        capture_output=True,
        text=True,
        timeout=timeout,
        cwd=HERE,
        env={**kept, **environment},
    )


def printed(code: str, timeout: float = 60, **environment: str) -> str:
    done = python(code, timeout, **environment)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


NUMBER = "from ravine import _core; print(_core.num_threads())"


def test_number_of_threads() -> None:
    available = _core.available_threads()
    assert 1 <= available <= len(os.sched_getaffinity(0))
    before = _core.num_threads()
    for wanted, got in ((1, 1), (available, available), (available + 5, available), (0, available), (-3, available)):
        _core.set_num_threads(wanted)
        assert _core.num_threads() == got
    _core.set_num_threads(before)


def test_number_of_threads_from_the_environment() -> None:
    available = _core.available_threads()
    assert printed(NUMBER) == str(available)
    assert printed(NUMBER, RAVINE_NUM_THREADS="1") == "1"
    assert printed(NUMBER, RAVINE_NUM_THREADS="1000") == str(available)


def test_affinity_mask_is_respected() -> None:
    code = "import os; os.sched_setaffinity(0, [min(os.sched_getaffinity(0))]);" + NUMBER
    assert printed(code) == "1"
    assert printed(code, RAVINE_NUM_THREADS="4") == "1"
    later = "from ravine import _core; import os; os.sched_setaffinity(0, [min(os.sched_getaffinity(0))]);"
    assert printed(later + "_core.set_num_threads(4); print(_core.num_threads())") == "1"


def test_instruction_set_from_the_environment() -> None:
    for name in _core.isas():
        assert printed("from ravine import _core; print(_core.isa())", RAVINE_ISA=name) == name
    done = python("from ravine import _core; _core.isa()", RAVINE_ISA="mmx")
    assert done.returncode != 0
    assert "RAVINE_ISA: instruction set 'mmx' cannot run here; this machine has '" in done.stderr
    with pytest.raises(ValueError, match="set_isa: instruction set 'sse9' cannot run here; this machine has '"):
        _core.set_isa("sse9")


def test_a_program_runs_on_the_instruction_set_of_the_moment() -> None:
    net = network([7, 5])
    before = _core.isa()
    for name in _core.isas():
        _core.set_isa(name)
        assert f" {name} kernels" in net.program.describe(8)
        net.program.run(net.data(8))
    _core.set_isa(before)


ONCE = """
    from networks import network
    net = network([20, 30])
    for _ in range(3):
        net.program.run(net.data(16))
    net.program.run(net.data(5))
"""


def test_plans_are_printed_when_made() -> None:
    done = python(ONCE, RAVINE_VERBOSE="plan")
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("plan: batch 16,") == 1
    assert done.stderr.count("plan: batch 5,") == 1
    assert "matmul" in done.stderr
    assert python(ONCE).stderr == ""


def test_one_thread_when_no_team_can_be_had() -> None:
    code = """
        from ravine import _core
        from networks import network
        _core.allow_oversubscription(True)
        nets = []
        for threads in (1, 3):
            _core.set_num_threads(threads)
            nets.append(network([40, 60], optimizer="adam", dropout=True))
            nets[-1].program.run_batches(nets[-1].data(64), 16, 0, 4)
        print(nets[0].bits() == nets[1].bits())
    """
    assert printed(code, OMP_THREAD_LIMIT="1") == "True"
    assert printed(code, OMP_THREAD_LIMIT="2") == "True"
    assert printed(code, OMP_DYNAMIC="true") == "True"


FORK = """
    import os, signal, sys
    from ravine import _core
    from networks import network
    _core.allow_oversubscription(True)
    _core.set_num_threads(3)

    def train(net):
        net.program.run_batches(net.data(64), 16, 0, 4)
        return net.bits()

    def child(body):
        if (pid := os.fork()) == 0:
            signal.alarm(20)
            os._exit(body())
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

    before = train(network([40, 60], dropout=True)) if PARENT_FIRST else None
    old = network([40, 60], dropout=True)
    if PARENT_FIRST:
        train(old)

    def body():
        fresh = train(network([40, 60], dropout=True))
        if before is not None and fresh != before:
            return 1
        again = train(old)
        inner = child(lambda: 0 if train(network([40, 60], dropout=True)) == fresh else 2)
        return inner if train(old) != again else 3

    print(child(body), child(body), end=" ")
    print(train(network([40, 60], dropout=True)) == before if PARENT_FIRST else True)
"""


@pytest.mark.parametrize("parent_first", [True, False])
def test_forked_children_train_too(parent_first: bool) -> None:
    assert printed(f"PARENT_FIRST = {parent_first}\n" + textwrap.dedent(FORK)) == "0 0 True"


def test_many_python_threads_at_once(set_threads: SetThreads, many: int) -> None:
    def work(seed: int) -> bytes:
        net = network([20, 40], "adam", dropout=True, seed=seed)
        for _ in range(5):
            net.program.run_batches(net.data(40), 16, 0, 3)
            _core.eager("exp", [np.zeros(1000, np.float32)])
        return net.bits()

    set_threads(1)
    wanted = [work(seed) for seed in range(4)]
    set_threads(many)
    got: list[bytes] = [b""] * 4
    workers = [threading.Thread(target=lambda s=seed: got.__setitem__(s, work(s))) for seed in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert got == wanted


def test_one_program_in_many_python_threads(set_threads: SetThreads) -> None:
    graph = _core.Graph()
    x = graph.input("x", (None, 30))
    program = _core.Program(graph, [x], graph.add("tanh", [x]))
    failed = []

    def work(seed: int) -> None:
        data = np.random.default_rng(seed).normal(size=(20 + seed, 30)).astype(np.float32)
        for _ in range(30):
            if not np.allclose(program.run([data])[0], np.tanh(data), atol=1e-5):
                failed.append(seed)

    workers = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert failed == []


def test_others_run_while_a_program_does() -> None:
    net = network([64, 256, 256])
    data = net.data(4096)
    count = 0
    done = threading.Event()

    def work() -> None:
        net.program.run_batches(data, 32, 0, 128)
        done.set()

    worker = threading.Thread(target=work)
    worker.start()
    while not done.is_set():
        count += 1
        time.sleep(0.001)
    worker.join()
    assert count > 1


def test_poll_may_use_the_engine(set_threads: SetThreads, many: int) -> None:
    set_threads(many)
    net, other = network([7, 9]), network([7, 9])
    seen = []

    def poll(done: int) -> bool:
        seen.append(float(_core.eager("exp", [np.zeros(3, np.float32)])[0][0]))
        other.program.run(other.data(8))
        return True

    net.program.run_batches(net.data(40), 8, 0, 5, poll=poll, poll_seconds=0.0)
    assert seen == [1.0] * 4


def test_a_program_is_described_while_another_thread_runs_it() -> None:
    code = """
        import threading
        from networks import network
        net = network([64, 200])
        data = net.data(3200)
        running = threading.Event()

        def poll(done):
            running.set()
            return True

        def work():
            for _ in range(5):
                net.program.run_batches(data, 32, 0, 100, poll=poll, poll_seconds=0.0)

        worker = threading.Thread(target=work)
        worker.start()
        running.wait()
        while worker.is_alive():
            net.program.describe(32)
        print("done")
    """
    assert printed(code, timeout=20) == "done"


INTERRUPTED = """
    import sys, time
    import numpy as np
    from ravine import _core
    from networks import network
    _core.allow_oversubscription(True)
    _core.set_num_threads(THREADS)
    net = network([64, 128], "adam", batch_norm=True)
    data = net.data(640)
    order = np.tile(np.arange(640), 20000)
    net.program.run_batches(data, 32, 0, 20)
    print("started", flush=True)
    begin = time.perf_counter()
    try:
        net.program.run_batches(data, 32, 0, len(order) // 32, order)
        print("not interrupted")
    except KeyboardInterrupt:
        print("interrupted" if time.perf_counter() - begin < 20 else "late")
    finite = all(np.isfinite(v.value).all() for v in net.variables)
    steps = int(next(v.value for v in net.variables if v.dtype == "int64"))
    net.program.run_batches(data, 32, 0, 20)
    print(finite, int(next(v.value for v in net.variables if v.dtype == "int64")) - steps)
"""


@pytest.mark.parametrize("threads", [1, 3])
def test_ctrl_c_stops_between_batches(threads: int) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", f"THREADS = {threads}\n" + textwrap.dedent(INTERRUPTED)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=HERE,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "started\n"
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        out, errors = process.communicate(timeout=60)
    finally:
        process.kill()
    assert out.split() == ["interrupted", "True", "20"], out + errors
