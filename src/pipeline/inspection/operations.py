"""Kinds of operations: their cost, and whether they are known to be pure computation."""

VARIABLES = {"VarHandleOp", "VariableV2", "Variable"}
PLACEHOLDERS = {"Placeholder", "PlaceholderV2", "PlaceholderWithDefault"}
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

_OTHERS = """
ApplyAdagrad ApplyAdam ApplyGradientDescent ApplyMomentum ApplyRMSProp Assert Assign AssignAdd
AssignAddVariableOp AssignSub AssignSubVariableOp AssignVariableOp AvgPoolGrad BatchToSpaceND
BiasAddGrad Bincount Bitcast BitwiseAnd BitwiseOr BitwiseXor BroadcastArgs BroadcastGradientArgs
BroadcastTo Bucketize CheckNumerics Concat ConcatOffset ConcatV2 Const ControlTrigger CropAndResize
Cross DepthToSpace Dequantize DestroyResourceOp Diag DiagPart DisableCopyOnRead DynamicPartition
DynamicStitch EluGrad EnsureShape Exit ExpandDims ExtractImagePatches FakeQuantWithMinMaxArgs
FakeQuantWithMinMaxVars Fill FusedBatchNormGrad FusedBatchNormGradV3 Gather GatherNd GatherV2
IdentityN InTopK InTopKV2 InvertPermutation IsVariableInitialized LeakyReluGrad LeftShift LinSpace
LoopCond LowerBound MatrixBandPart MatrixDiag MatrixDiagPart MatrixDiagPartV3 MatrixDiagV3
MaxPoolGrad Merge MirrorPad MirrorPadGrad Multinomial NextIteration NoOp NonMaxSuppressionV3 OneHot
OnesLike Pack Pad PadV2 PreventGradient QuantizeAndDequantizeV2 QuantizeAndDequantizeV3 QuantizeV2
RandomShuffle RandomStandardNormal RandomUniform RandomUniformInt Range Rank RefEnter RefExit
RefMerge RefNextIteration RefSwitch Relu6Grad ReluGrad Reshape ResizeBicubic ResizeBilinear
ResizeBilinearGrad ResizeNearestNeighbor ResourceApplyAdadelta ResourceApplyAdagrad
ResourceApplyAdagradV2 ResourceApplyAdam ResourceApplyFtrl ResourceApplyFtrlV2
ResourceApplyGradientDescent ResourceApplyKerasMomentum ResourceApplyMomentum
ResourceApplyProximalGradientDescent ResourceApplyRMSProp ResourceGather ResourceScatterAdd
ResourceScatterUpdate Reverse ReverseSequence ReverseV2 RightShift RsqrtGrad ScatterAdd ScatterNd
ScatterUpdate SegmentMax SegmentMean SegmentSum SeluGrad Shape ShapeN ShardedFilename SigmoidGrad
Size Slice Snapshot SoftmaxCrossEntropyWithLogits SoftplusGrad SoftsignGrad SpaceToBatchND
SpaceToDepth SparseSoftmaxCrossEntropyWithLogits SparseToDense Split SplitV SqrtGrad Squeeze
StatelessMultinomial StatelessRandomGetAlg StatelessRandomGetKeyCounter StatelessRandomNormal
StatelessRandomNormalV2 StatelessRandomUniform StatelessRandomUniformInt StatelessRandomUniformIntV2
StatelessRandomUniformV2 StatelessShuffle StatelessTruncatedNormal StatelessTruncatedNormalV2
StaticRegexFullMatch StopGradient StridedSlice StridedSliceGrad StringJoin Switch TanhGrad
TensorArrayCloseV3 TensorArrayGatherV3 TensorArrayReadV3 TensorArrayScatterV3 TensorArraySizeV3
TensorArrayV3 TensorArrayWriteV3 TensorListElementShape TensorListFromTensor TensorListGetItem
TensorListLength TensorListPopBack TensorListPushBack TensorListReserve TensorListSetItem
TensorListStack TensorScatterAdd TensorScatterUpdate Tile TopK TopKV2 Transpose TruncatedNormal
Unique UniqueV2 Unpack UnsortedSegmentMax UnsortedSegmentSum UpperBound VarIsInitializedOp
VariableShape Where ZerosLike
"""

# Operations that compute in the memory of their session and do nothing else. All others could act.
PURE = VARIABLES | PLACEHOLDERS | READS | PRODUCTS | CONVOLUTIONS | POOLINGS | UNCOUNTED
PURE |= REDUCTIONS | ELEMENT_WISE | set(_OTHERS.split())
