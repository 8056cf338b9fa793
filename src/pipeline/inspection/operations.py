"""Kinds of operations by their cost."""

READS = {"Identity", "ReadVariableOp", "Enter", "Cast"}
PRODUCTS = {"MatMul", "BatchMatMul", "BatchMatMulV2", "BatchMatMulV3"}
CONVOLUTIONS = {"Conv2D", "Conv3D", "DepthwiseConv2dNative"}
POOLINGS = {"AvgPool", "AvgPool3D", "MaxPool", "MaxPool3D"}

_UNCOUNTED = """
Case If PartitionedCall StatefulPartitionedCall StatelessCase StatelessIf StatelessWhile While
Cholesky Conv2DBackpropFilter Conv2DBackpropInput DepthwiseConv2dNativeBackpropFilter
DepthwiseConv2dNativeBackpropInput Einsum MatrixDeterminant MatrixInverse MatrixSolve Qr
SelfAdjointEigV2 SparseTensorDenseMatMul Svd
"""
UNCOUNTED = set(_UNCOUNTED.split())

_REDUCTIONS = """
All Any ArgMax ArgMin Cumsum Cumprod EuclideanNorm L2Loss Max Mean Min Prod Sum
"""
REDUCTIONS = set(_REDUCTIONS.split())

_ELEMENT_WISE = """
Abs Acos Acosh Add AddN AddV2 Asin Asinh Atan Atan2 Atanh BatchNormWithGlobalNormalization BiasAdd
BiasAddV1 Ceil ClipByValue Cos Cosh Digamma Div DivNoNan Elu Equal Erf Erfc Erfinv Exp Expm1 Floor
FloorDiv FloorMod FusedBatchNorm FusedBatchNormV2 FusedBatchNormV3 Greater GreaterEqual Inv IsFinite
IsInf IsNan LRN LeakyRelu Less LessEqual Lgamma Log Log1p LogSoftmax LogicalAnd LogicalNot LogicalOr
Maximum Minimum Mod Mul MulNoNan Neg NotEqual Pow RealDiv Reciprocal Relu Relu6 Rint Round Rsqrt
Select SelectV2 Selu Sigmoid Sign Sin Sinh Softmax Softplus Softsign Sqrt Square SquaredDifference
Sub Tan Tanh TruncateDiv Xdivy Xlogy
"""
ELEMENT_WISE = set(_ELEMENT_WISE.split())
