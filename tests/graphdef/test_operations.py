"""Every operation of the installed TensorFlow is judged."""

import subprocess
import sys
from collections.abc import Sequence
from functools import cache
from typing import Any

import pytest
import tensorflow as tf
from tensorflow.core.framework.op_def_pb2 import OpList

from pipeline.graphdef.operations import Kind, judge, judgements

pytestmark = pytest.mark.slow  # make check leaves it to make test

# The registry of a process that has imported no more than TensorFlow.
PROGRAM = """
import sys
import tensorflow
from tensorflow.python.client import pywrap_tf_session as c
sys.stdout.buffer.write(c.TF_GetBuffer(c.TF_GetAllOpList()))
"""


@cache
def registered() -> Sequence[Any]:
    ran = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, check=True)
    return OpList.FromString(ran.stdout).op


def test_every_operation_is_judged_and_no_other():
    known = {operation.name for operation in registered()}
    assert len(known) > 1500
    assert sorted(known - set(judgements())) == []
    assert sorted(set(judgements()) - known) == []


def test_what_is_not_judged_could_do_anything():
    assert judge("Of no registry").kind == Kind.ACTS


# Stateless in TensorFlow's registry, or calculating by their names.
ACTING = """
AudioSummary:computes Copy CopyHost DatasetFromGraph DebugIdentity DecodeProtoV2 EncodeProto
FixedUnigramCandidateSampler GenerateVocabRemapping ImmutableConst InitializeTableFromTextFileV2
LoadAndRemapMatrix MatchingFiles MergeV2Checkpoints PrintV2 PyFuncStateless ReadFile RestoreV2
SaveV2 WriteFile XlaCallModule XlaCustomCall CacheDataset LookupTableFindV2:state Roll:computes
CTCGreedyDecoder:computes Mfcc:computes ScatterNdAdd:state Empty:uninitialized Timestamp:random
QueueDequeueV2:input
"""


@pytest.mark.parametrize("case", ACTING.split())
def test_judgements_that_are_easily_wrong(case: str):
    operation, _, kind = case.partition(":")
    assert judge(operation).kind == Kind(kind or "acts")


def test_what_calls_functions_is_marked():
    with_functions = {
        operation.name
        for operation in registered()
        if any("func" in attribute.type for attribute in operation.attr)
    }
    assert {name for name, judgement in judgements().items() if judgement.calls} == with_functions


def test_the_result_of_an_input_can_be_fed():
    handles = {tf.resource.as_datatype_enum, tf.variant.as_datatype_enum}
    for operation in registered():
        if judge(operation.name).kind == Kind.INPUT:
            assert all(output.type not in handles for output in operation.output_arg)
