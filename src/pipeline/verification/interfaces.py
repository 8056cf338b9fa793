"""Which input and output of a form is which of the reference."""

from collections.abc import Sequence

from pipeline.errors import ArtifactError, listing
from pipeline.graphdef.interface import TensorSpec


def match(form: Sequence[TensorSpec], reference: Sequence[TensorSpec]) -> dict[str, str]:
    """Return the name in the form by the name in the reference, for those that are in both.

    They are matched by name, else by tensor, else, if each side has one, as the only ones.
    """
    if len(form) == len(reference) == 1:
        return {reference[0].name: form[0].name}
    by_name = {key: spec.name for spec in form for key in (_plain(spec.tensor), _plain(spec.name))}
    pairs: dict[str, str] = {}
    for spec in reference:
        for key in (_plain(spec.name), _plain(spec.tensor)):
            if key in by_name and by_name[key] not in pairs.values():
                pairs[spec.name] = by_name[key]
                break
    return pairs


def match_inputs(form: Sequence[TensorSpec], reference: Sequence[TensorSpec]) -> dict[str, str]:
    """Match the inputs of a form; the reference may have more, which the form does not use.

    Raises:
        ArtifactError: the form has an input that the reference does not have.
    """
    pairs = match(form, reference)
    if lost := [spec.name for spec in form if spec.name not in pairs.values()]:
        raise ArtifactError(
            f"its input {listing(lost)} is not one of the reference's"
            f" ({listing(spec.name for spec in reference) or 'it has none'});"
            " name the same inputs with --input"
        )
    return pairs


def _plain(name: str) -> str:
    return name.removesuffix(":0")
