"""Damage all models that the tests make, and strangers', in every form: `make damage`.

None of the damages may be taken for a sound model, and no sound model for a damaged one. Models of
the folder that the environment variable PIPELINE_MODELS names are damaged, too.
"""

import argparse
import json
import os
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from pipeline.errors import ArtifactError
from pipeline.repository import environment
from pipeline.verification.verdict import Outcome

from . import workshop
from .made import MODELS
from .made.modules import MODULES
from .made.writing import LITE
from .workshop import Result, Workshop

CRASHED = "crashed"
UNPROVEN = (Outcome.REFUSED, Outcome.NOT_PROVABLE)

# Nothing takes so long that does not hang, but on a busy machine.
SECONDS = 900
COLUMNS = (*map(str, Outcome), CRASHED)


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--values", type=int, default=30, help="damaged values a model")
    options.add_argument("--processes", type=int, default=2)
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--log", type=Path, default=Path(os.devnull), help="file for all verdicts")
    options.add_argument("names", nargs="*", help="models; all, if none is named")
    chosen = options.parse_args()
    begin = time.monotonic()
    found: list[Result] = []
    names = chosen.names or [*MODELS, *MODULES, *strangers()]
    spawn = get_context("spawn")
    with chosen.log.open("w") as log, ProcessPoolExecutor(chosen.processes, spawn) as pool:
        jobs = [pool.submit(_work, name, chosen.values, chosen.seed) for name in names]
        for done, job in enumerate(as_completed(jobs), 1):
            results = job.result()
            found += results
            log.writelines(json.dumps(result) + "\n" for result in results)
            log.flush()
            print(f"{done} of {len(names)} models, {len(found)} verdicts", flush=True)
    print(f"{time.monotonic() - begin:.0f} s")
    print(tabulate(found))
    wrong = list(find_wrong(found))
    for result in wrong:
        print(*result, sep=" | ")
    return 1 if wrong else 0


def strangers() -> dict[str, Path]:
    """Return frozen graphs and SavedModels of a folder of other people's models, by path."""
    home = os.environ.get("PIPELINE_MODELS")
    if not home:
        return {}
    graphs = [*Path(home).rglob("*.pb"), *Path(home).rglob("*.pbtxt")]
    paths = {graph.parent if graph.stem == "saved_model" else graph for graph in graphs}
    return {str(path.relative_to(home)): path for path in sorted(paths)}


def _work(name: str, values: int, seed: int) -> list[Result]:
    """Damage one model in a process of the runner, which ends if it hangs."""
    environment.configure(verbosity="quiet")
    signal.alarm(SECONDS)
    try:
        return damage(name, values, seed)
    finally:
        signal.alarm(0)


def damage(name: str, values: int, seed: int) -> list[Result]:
    """Damage one model: all graph damages in each form, and some of its values."""
    random = np.random.default_rng([seed, *name.encode()])
    found: list[Result] = []
    with tempfile.TemporaryDirectory() as home:
        try:
            opened = _open(name, Path(home))
            found += opened.verify_sound()
            if all(result.outcome in UNPROVEN for result in found):
                if name not in MODELS:
                    return found  # a sampler may never end with a damaged rate
                values = min(values, 3)  # little to learn
            found += opened.swap_signature()
            found += opened.damage_graphs(random)
            found += opened.damage_values(values, random)
            opened.close()
        except ArtifactError:
            pass  # the sound model cannot be run, which its verdict says
        except Exception:
            last = traceback.format_exc().strip().splitlines()
            found.append(Result(name, "", "", CRASHED, "", CRASHED, " / ".join(last[-7:])))
    return found


def _open(name: str, folder: Path) -> Workshop:
    known = strangers()
    if name in known:
        return workshop.open_file(name, known[name], folder)
    return workshop.open_made(name, folder)


def find_wrong(results: Iterable[Result]) -> Iterable[Result]:
    """Return damages that were taken for sound models, false alarms, and crashes."""
    for result in results:
        if result.outcome == CRASHED or workshop.is_missed(result) or _is_false_alarm(result):
            yield result


def _is_false_alarm(result: Result) -> bool:
    made = MODELS.get(result.model)
    if result.kind or made is None or made.unprovable:
        return bool(not result.kind and result.outcome == Outcome.DIFFERS)
    expected = Outcome.OUTPUTS_ONLY if result.form == LITE else Outcome.AGREES
    return result.outcome != expected


def tabulate(results: Iterable[Result]) -> str:
    """Return a table: a row a kind of damage, a column an outcome."""
    counts = Counter((result.kind or "undamaged", result.outcome) for result in results)
    kinds = sorted({kind for kind, _ in counts}, key=lambda kind: (kind == "undamaged", kind))
    width = max(map(len, kinds)) + 2
    lines = [" " * width + "".join(f"{column:>24}" for column in COLUMNS)]
    for kind in kinds:
        cells = "".join(f"{counts[kind, column] or '':>24}" for column in COLUMNS)
        lines.append(f"{kind:<{width}}{cells}")
    total: Counter[str] = Counter()
    for (kind, outcome), count in counts.items():
        total[outcome] += count * (kind != "undamaged")
    lines.append(f"{'all damages':<{width}}" + "".join(f"{total[one]:>24}" for one in COLUMNS))
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
