"""The encoding of raw features in a graph: what `pipeline.data.prepared.encoding` does in NumPy.

Operations on text run on the CPU, as no other device has them.
"""

import tensorflow as tf

from pipeline.data.prepared.encoding import Encoding, TextColumn, affine, calendar_code

CPU = "/device:CPU:0"

# What the network in a graph gets, by name, for others that go on from one of its layers.
ENCODED_FEATURES, ENCODED_CODES = "encoded_features", "encoded_codes"


def encode_numbers(features: tf.Tensor, encoding: Encoding) -> tf.Tensor:
    """Fill and scale raw numbers, `[rows, numbers]` → float32."""
    if encoding.fills():
        fill = tf.constant(encoding.fill_values())
        features = tf.where(tf.math.is_nan(features), fill, features)
    scaling, dtype = encoding.scaling, encoding.dtype
    mean, factor = affine(scaling.feature_mean, scaling.feature_scale, dtype)
    return tf.cast((features - mean) * factor, tf.float32)


def encode_label(label: tf.Tensor, encoding: Encoding) -> tf.Tensor:
    """Scale labels in their own dtype, `[rows, targets]` → float32."""
    scaling, dtype = encoding.scaling, label.dtype.name
    mean, factor = affine(scaling.label_mean, scaling.label_scale, dtype)
    return tf.cast((label - mean) * factor, tf.float32)


def encode_codes(
    features: tf.Tensor, text: tf.Tensor | None, encoding: Encoding
) -> tf.Tensor | None:
    """Return the codes of text columns and calendar parts, `[rows, columns] int32`, if any."""
    codes = []
    if text is not None:
        with tf.device(CPU):
            codes += [_encode_text(text[:, n], column) for n, column in enumerate(encoding.text)]
    codes += [_encode_part(features[:, column], part) for column, part in encoding.parts]
    return tf.stack(codes, axis=1) if codes else None


def _encode_text(cells: tf.Tensor, column: TextColumn) -> tf.Tensor:
    if column.buckets:
        bucket = tf.strings.to_hash_bucket_fast(cells, column.buckets)
        return tf.where(tf.equal(cells, ""), 0, 1 + tf.cast(bucket, tf.int32))
    numbers = tf.range(1, len(column.levels) + 1)
    equal = tf.equal(cells[:, None], tf.constant(column.levels, shape=[1, len(column.levels)]))
    return tf.reduce_sum(tf.where(equal, numbers, 0), axis=1)


def _encode_part(seconds: tf.Tensor, part: str) -> tf.Tensor:
    known = tf.math.is_finite(seconds)
    whole = tf.cast(tf.where(known, tf.floor(seconds), tf.zeros_like(seconds)), tf.int64)
    return tf.where(known, tf.cast(calendar_code(whole, part), tf.int32), 0)
