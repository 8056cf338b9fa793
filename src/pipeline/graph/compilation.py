"""`train.xla=auto`: is the training over sooner when XLA compiles it?"""

import time

from pipeline.errors import ConfigError
from pipeline.graph import devices, training
from pipeline.graph.inference import Model
from pipeline.graph.loop import NotFiniteError, loop
from pipeline.graph.rows import Rows
from pipeline.graph.training import v1
from pipeline.settings import Settings

# For how long each way is tried, after its first call.
TRIED_SECONDS = 0.5
# Compiling takes a second or more: shorter trainings are not worth the question.
SHORT_SECONDS = 2.0
# By how much compiled steps must be faster: what is measured is noisy.
MARGIN = 0.9


def with_xla(settings: Settings, compiled: bool) -> Settings:
    """Return the settings with `auto` decided."""
    train = settings.train.model_copy(update={"xla": compiled})
    return settings.model_copy(update={"train": train})


def choose(
    settings: Settings, model: Model, task: str, rows: Rows, device: str, stops: tuple[int, ...]
) -> tuple[bool, str]:
    """Measure steps as they come from the plain loop and from the compiled one.

    Args:
        rows: to train on; loaded into sessions that end here.
        stops: as for `loop`.

    Returns:
        Whether to compile, and a sentence that says why.
    """
    steps = settings.train.steps

    def tried(compiled: bool) -> tuple[float, float]:
        return _tried(with_xla(settings, compiled), model, task, rows, device, stops)

    try:
        _, plain = tried(compiled=False)
        if plain * steps < SHORT_SECONDS:
            return False, f"no: the training takes {plain * steps:.1f} s without it"
        first, fast = tried(compiled=True)
    except (NotFiniteError, ConfigError) as error:
        return False, f"no: it cannot be tried ({error})"
    sooner = first + fast * steps < MARGIN * plain * steps
    return sooner, (
        f"{'yes' if sooner else 'no'}: {fast * 1e3:.3g} ms a step after {first:.1f} s to compile,"
        f" against {plain * 1e3:.3g} ms"
    )


def _tried(
    settings: Settings,
    model: Model,
    task: str,
    rows: Rows,
    device: str,
    stops: tuple[int, ...],
) -> tuple[float, float]:
    """Return the seconds of the first call, which compiles, and those of a step after it."""
    graph = training.build(settings, model, task, rows, device)
    with graph.graph.as_default():
        initializer = v1.global_variables_initializer()
    train = settings.train.model_copy(update={"profile": False})
    unprofiled = settings.model_copy(update={"train": train})
    with devices.open_session(graph.graph, settings.device, device) as session:
        session.run(initializer)
        begun = time.perf_counter()
        first, step, each = 0.0, 0, 0.0
        before = begun
        for call in loop(graph, session, unprofiled, rows, stops):
            now = time.perf_counter()
            first, each = first or now - begun, (now - before) / (call.step - step)
            if now - begun - first > TRIED_SECONDS:
                break
            before, step = now, call.step
    return first, each
