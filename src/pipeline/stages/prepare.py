"""Stage `prepare`: the source becomes data/prepared."""

from pathlib import Path

from pipeline import files
from pipeline.data import preparation, prepared
from pipeline.data.sources import read_examples
from pipeline.settings import Settings


def run(settings: Settings) -> None:
    """Read the source, split it, fit the scaling, publish the arrays."""
    examples = read_examples(settings.data)
    digest = files.sha256(Path(settings.data.path))
    dataset, splits = preparation.prepare(settings.data, settings.seed, examples, digest)
    with files.replacing(files.PREPARED) as folder:
        folder.mkdir()
        prepared.write(dataset, splits, folder)
    sizes = {name: len(split.index) for name, split in splits.items()}
    counts = ", ".join(f"{size:,} {name}" for name, size in sizes.items() if size)
    columns = len(dataset.features)
    what = f"{columns} {'feature' if columns == 1 else 'features'} → {dataset.target}"
    print(f"{settings.data.path}: {what}; {counts}")
