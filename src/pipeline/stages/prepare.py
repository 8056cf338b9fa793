"""Stage `prepare`: the source becomes data/prepared."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from pipeline import files
from pipeline.data import preparation
from pipeline.data.sources import read_examples
from pipeline.settings import Settings


def run(settings: Settings) -> None:
    """Read the source, split it, fit the scaling, publish the arrays."""
    path = Path(settings.data.path)
    with ThreadPoolExecutor(1) as pool, files.replacing(files.PREPARED) as folder:
        examples = read_examples(settings.data)
        digest = pool.submit(files.sha256, path)
        folder.mkdir()
        dataset, sizes = preparation.prepare(
            settings.data, settings.seed, examples, digest.result, folder
        )
    counts = ", ".join(f"{size:,} {name}" for name, size in sizes.items() if size)
    columns = len(dataset.features)
    what = f"{columns} {'feature' if columns == 1 else 'features'} → {dataset.target}"
    print(f"{settings.data.path}: {what}; {counts}")
