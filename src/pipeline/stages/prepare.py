"""Stage `prepare`: the source becomes data/prepared."""

from pathlib import Path

from pipeline import files
from pipeline.data import preparation, prepared
from pipeline.data.sources import read_examples
from pipeline.settings import Settings


def run(settings: Settings) -> None:
    """Read the source, split it, fit the scaling, publish the arrays."""
    examples = read_examples(settings)
    digest = files.sha256(Path(settings.data.path))
    dataset, splits = preparation.prepare(settings, examples, digest)
    with files.replacing(files.PREPARED) as folder:
        folder.mkdir()
        prepared.write(dataset, splits, folder)
    counts = ", ".join(f"{len(split.index):,} {name}" for name, split in splits.items())
    print(f"{settings.data.path}: {len(dataset.features)} features → {dataset.target}; {counts}")
