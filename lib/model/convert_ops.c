/*
 * Operators, as a conversion to 16 bits sees them: which of their values are
 * float, and which of those have to stay float. Knows no files, and changes
 * nothing.
 */
#include <string.h>

#include "model/analyze.h"
#include "model/convert_job.h"
#include "tensor.h"

enum {
	ALL = FM_CONVERT_ALL
};

static const char *
text(const char *s)
{
	return s ? s : "";
}

static bool
is_standard(const Onnx__NodeProto *n)
{
	return !*text(n->domain) || strcmp(n->domain, "ai.onnx") == 0;
}

static const Onnx__AttributeProto *
attr(const Onnx__NodeProto *n, const char *name)
{
	for (size_t i = 0; i < n->n_attribute; i++)
		if (strcmp(text(n->attribute[i]->name), name) == 0)
			return n->attribute[i];
	return NULL;
}

/* Is the name in a list that has a blank around each? */
static bool
is_in(const char *list, const char *name)
{
	size_t n = strlen(name);

	for (const char *p = list; n && (p = strstr(p, name)); p += n)
		if (p[-1] == ' ' && p[n] == ' ')
			return true;
	return false;
}

/* --- types ---------------------------------------------------------------- */

/* Operators whose outputs are not all of their first input's type: what the
 * first is, or 0 for the type of the k-th input, and which others are, too. */
static const struct {
	const char *op;
	int32_t type;
	size_t input;
	unsigned outputs;
} odd[] = {
	{ "Shape", FM_TYPE_INT64, 0, 1 },
	{ "Size", FM_TYPE_INT64, 0, 1 },
	{ "NonZero", FM_TYPE_INT64, 0, 1 },
	{ "ArgMax", FM_TYPE_INT64, 0, 1 },
	{ "ArgMin", FM_TYPE_INT64, 0, 1 },
	{ "NonMaxSuppression", FM_TYPE_INT64, 0, 1 },
	{ "IsNaN", FM_TYPE_BOOL, 0, 1 },
	{ "IsInf", FM_TYPE_BOOL, 0, 1 },
	{ "Equal", FM_TYPE_BOOL, 0, 1 },
	{ "Greater", FM_TYPE_BOOL, 0, 1 },
	{ "Less", FM_TYPE_BOOL, 0, 1 },
	{ "GreaterOrEqual", FM_TYPE_BOOL, 0, 1 },
	{ "LessOrEqual", FM_TYPE_BOOL, 0, 1 },
	{ "Where", 0, 1, 1 },
	{ "OneHot", 0, 2, 1 },
	{ "CastLike", 0, 1, 1 },
	{ "QuantizeLinear", FM_TYPE_UINT8, 0, 1 },
	{ "DequantizeLinear", 0, 1, 1 },
	{ "DynamicQuantizeLinear", FM_TYPE_UINT8, 0, 1 },
	{ "Multinomial", FM_TYPE_INT32, 0, 1 },
	{ "TfIdfVectorizer", FM_TYPE_FLOAT, 0, 1 },
	{ "MaxPool", 0, 0, 1 },
	{ "Dropout", 0, 0, 1 },
	{ "TopK", 0, 0, 1 },
	{ "Unique", 0, 0, 1 },
	/* ONNX Runtime's own. */
	{ "EmbedLayerNormalization", 0, 2, 5 },
	{ "GatherBlockQuantized", 0, 2, 1 },
	{ "MatMulIntegerToFloat", 0, 2, 1 },
	{ "QAttention", 0, 2, ALL },
};

/* Float unless an attribute says otherwise. */
static const char by_attribute[] =
    " RandomNormal RandomUniform HannWindow HammingWindow BlackmanWindow "
    "MelWeightMatrix ";

bool
fm_convert_is_type(const Onnx__AttributeProto *a)
{
	return is_in(" to dtype output_dtype output_datatype ", text(a->name));
}

/* The attribute that says what the output is, where it says something. */
static int64_t
told_type(const Onnx__NodeProto *n)
{
	for (size_t i = 0; i < n->n_attribute; i++)
		if (fm_convert_is_type(n->attribute[i]))
			return n->attribute[i]->i;
	return 0;
}

bool
fm_convert_follows(const Onnx__NodeProto *n, size_t k)
{
	for (size_t i = 0; i < sizeof odd / sizeof *odd; i++)
		if (strcmp(odd[i].op, text(n->op_type)) == 0)
			return odd[i].outputs >> (k < 7 ? k : 7) & 1;
	return true;
}

bool
fm_convert_makes_float(const struct fm_convert *j, const Onnx__NodeProto *n)
{
	const char *op = text(n->op_type);
	const Onnx__AttributeProto *value = attr(n, "value");
	size_t k = 0;

	if (told_type(n))
		return told_type(n) == FM_TYPE_FLOAT;
	if (is_in(by_attribute, op))
		return true;
	if (strcmp(op, "Constant") == 0)
		return attr(n, "value_float") || attr(n, "value_floats") ||
		       (value && value->t &&
			   value->t->data_type == FM_TYPE_FLOAT);
	if (strcmp(op, "ConstantOfShape") == 0)
		return !value || !value->t ||
		       value->t->data_type == FM_TYPE_FLOAT;
	for (size_t i = 0; i < sizeof odd / sizeof *odd; i++)
		if (strcmp(odd[i].op, op) == 0) {
			if (odd[i].type)
				return odd[i].type == FM_TYPE_FLOAT;
			k = odd[i].input;
		}
	return k < n->n_input && json_object_get(j->floats, n->input[k]);
}

/* --- operators that stay -------------------------------------------------- */

/* Those that runtimes have no float16 of, and which of their outputs are
 * float (bits); those of the traditional operators are known here alone. */
static const struct {
	const char *op;
	unsigned outputs;
} no_half[] = {
	{ "ArrayFeatureExtractor", 1 },
	{ "Binarizer", 1 },
	{ "CastMap", 1 },
	{ "CategoryMapper", 0 },
	{ "DictVectorizer", 1 },
	{ "FeatureVectorizer", 1 },
	{ "Imputer", 1 },
	{ "LabelEncoder", 0 },
	{ "LinearClassifier", 2 },
	{ "LinearRegressor", 1 },
	{ "Normalizer", 1 },
	{ "OneHotEncoder", 1 },
	{ "SVMClassifier", 2 },
	{ "SVMRegressor", 1 },
	{ "Scaler", 1 },
	{ "TreeEnsembleClassifier", 2 },
	{ "TreeEnsembleRegressor", 1 },
	{ "ZipMap", 0 },
	{ "NonMaxSuppression", 0 },
	{ "TopK", 1 },
	{ "RoiAlign", 1 },
	{ "Resize", 1 },
	{ "Range", 1 },
	{ "CumSum", 1 },
	{ "Min", 1 },
	{ "Max", 1 },
	{ "Upsample", 1 },
};

/*
 * What the standard does not permit to be bfloat16: inputs and outputs (bits)
 * of an operator before an opset, 0 where no opset has it. All operators that
 * are not here permit it since opset 13. Against the schemas some always
 * stay: a Range, of which not even 257 would be exact, a BitCast, and a
 * MeanVarianceNormalization, whose function has float in it. Otherwise made
 * of the schemas of onnx 1.23 (opset 28) by tests/data/model/bf16.py, which
 * says whether it still holds.
 */
static const struct {
	const char *op;
	int64_t until;
	unsigned inputs, outputs;
	bool never; /* sequences, and what comes out of bodies */
} no_bf16[] = {
	{ "Acos", 22, 1, 1, false },
	{ "Acosh", 22, 1, 1, false },
	{ "Asin", 22, 1, 1, false },
	{ "Asinh", 22, 1, 1, false },
	{ "Atan", 22, 1, 1, false },
	{ "Atanh", 22, 1, 1, false },
	{ "AveragePool", 22, 1, 1, false },
	{ "BatchNormalization", 14, 0x1f, 0x1f, false },
	{ "Bernoulli", 22, 1, 1, false },
	{ "BitCast", 0, 1, 1, false },
	{ "Celu", 28, 1, 1, false },
	{ "Compress", 28, 1, 1, false },
	{ "ConcatFromSequence", 0, 1, 1, true },
	{ "ConstantOfShape", 20, 0, 1, false },
	{ "Conv", 22, 7, 1, false },
	{ "ConvTranspose", 22, 7, 1, false },
	{ "Cos", 22, 1, 1, false },
	{ "Cosh", 22, 1, 1, false },
	{ "CumSum", 14, 1, 1, false },
	{ "DeformConv", 22, 0x1f, 1, false },
	{ "DequantizeLinear", 19, 2, 1, false },
	{ "Det", 22, 1, 1, false },
	{ "Dropout", 22, 2, 0, false },
	{ "DynamicQuantizeLinear", 0, 1, 2, false },
	{ "Einsum", 28, ALL, 1, false },
	{ "Elu", 22, 1, 1, false },
	{ "EyeLike", 22, 1, 1, false },
	{ "GRU", 22, 0x2f, 3, false },
	{ "GlobalAveragePool", 22, 1, 1, false },
	{ "GlobalLpPool", 22, 1, 1, false },
	{ "GlobalMaxPool", 22, 1, 1, false },
	{ "GreaterOrEqual", 16, 3, 0, false },
	{ "GridSample", 22, 3, 1, false },
	{ "HardSigmoid", 22, 1, 1, false },
	{ "HardSwish", 22, 1, 1, false },
	{ "If", 16, 0, ALL, true },
	{ "InstanceNormalization", 22, 7, 1, false },
	{ "IsInf", 20, 1, 0, false },
	{ "LSTM", 22, 0xef, 7, false },
	{ "LeakyRelu", 16, 1, 1, false },
	{ "LessOrEqual", 16, 3, 0, false },
	{ "Loop", 16, 0xfc, ALL, true },
	{ "LpNormalization", 22, 1, 1, false },
	{ "LpPool", 22, 1, 1, false },
	{ "MaxPool", 22, 1, 1, false },
	{ "MaxRoiPool", 22, 3, 1, false },
	{ "MaxUnpool", 22, 1, 1, false },
	{ "MeanVarianceNormalization", 0, 1, 1, false },
	{ "Mish", 22, 1, 1, false },
	{ "Multinomial", 22, 1, 0, false },
	{ "NegativeLogLikelihoodLoss", 22, 5, 1, false },
	{ "NonMaxSuppression", 0, 0x1b, 0, false },
	{ "OneHot", 28, 7, 1, false },
	{ "OneHot", 0, 3, 0, false },
	{ "Optional", 28, 1, 1, true },
	{ "OptionalGetElement", 28, 1, 1, true },
	{ "OptionalHasElement", 28, 1, 0, true },
	{ "PRelu", 16, 3, 1, false },
	{ "Pow", 15, 2, 0, false },
	{ "QLinearConv", 0, 0x52, 0, false },
	{ "QLinearMatMul", 21, 0x52, 0, false },
	{ "QuantizeLinear", 19, 3, 0, false },
	{ "RNN", 22, 0x2f, 3, false },
	{ "RandomNormal", 22, 0, 1, false },
	{ "RandomNormalLike", 22, 1, 1, false },
	{ "RandomUniform", 22, 0, 1, false },
	{ "RandomUniformLike", 22, 1, 1, false },
	{ "Range", 0, 7, 1, false },
	{ "Resize", 0, 6, 0, false },
	{ "ReverseSequence", 28, 1, 1, false },
	{ "RoiAlign", 22, 3, 1, false },
	{ "Round", 22, 1, 1, false },
	{ "Scan", 16, ALL, ALL, true },
	{ "Scatter", 0, 5, 1, false },
	{ "Selu", 22, 1, 1, false },
	{ "SequenceAt", 0, 1, 1, true },
	{ "SequenceConstruct", 0, ALL, 1, true },
	{ "SequenceEmpty", 0, 0, 1, true },
	{ "SequenceErase", 0, 1, 1, true },
	{ "SequenceInsert", 0, 3, 1, true },
	{ "SequenceLength", 0, 1, 0, true },
	{ "SequenceMap", 0, ALL, ALL, true },
	{ "Shrink", 0, 1, 1, false },
	{ "Sin", 22, 1, 1, false },
	{ "Sinh", 22, 1, 1, false },
	{ "Softplus", 22, 1, 1, false },
	{ "Softsign", 22, 1, 1, false },
	{ "SplitToSequence", 24, 1, 1, true },
	{ "Tan", 22, 1, 1, false },
	{ "TfIdfVectorizer", 0, 0, 1, false },
	{ "ThresholdedRelu", 22, 1, 1, false },
	{ "TopK", 24, 1, 1, false },
	{ "Unique", 28, 1, 1, false },
	{ "Upsample", 0, 3, 1, false },
	{ "Where", 16, 6, 1, false },
};

/* Inputs that are numbers about the data: of sizes, thresholds, scales. */
static const struct {
	const char *op;
	unsigned inputs;
} exact[] = {
	{ "DequantizeLinear", 2 },
	{ "Dropout", 2 },
	{ "NonMaxSuppression", 0x18 },
	{ "OneHot", 2 },
	{ "Pow", 2 },
	{ "QLinearConv", 0x52 },
	{ "QLinearMatMul", 0x52 },
	{ "QuantizeLinear", 2 },
	{ "Range", 7 },
	{ "Resize", 6 },
	{ "Upsample", 2 },
};

/* ONNX Runtime's own operators that may be all bfloat16, by the schemas of
 * 1.31; nothing is known of others. */
static const char own_bf16[] =
    " Attention BiasDropout BiasGelu BitmaskBiasDropout BitmaskDropout "
    "BranchwiseRMSNorm CausalConvWithState DynamicSparseAttention "
    "EPContext EngramGate FastGelu FusedMatMul FusedMatMulActivation "
    "GatedAdd GatedRMSNorm GatherBlockQuantized Gelu GemmFastGelu "
    "HyperConnectionPostMix HyperConnectionPreMix LinearAttention "
    "MRotaryEmbedding MatMulBnb4 MatMulNBits MatMulNBitsMlp "
    "MatMulNBitsQkv MoE MultiHeadAttention PackedSparseAttentionIndexer "
    "QuickGelu RotaryEmbedding ScaledSiLU SkipLayerNormalization "
    "SkipSimplifiedLayerNormalization SparseAttention "
    "SparseAttentionIndexer TorchEmbedding TransposeMatMul Trilu "
    "UnfoldTensor VarlenCausalConvWithState ";

/* A constant without a tensor that could be converted, and values that are
 * float where no attribute says a type. */
static bool
is_untold(const struct fm_convert *j, const Onnx__NodeProto *n)
{
	const Onnx__AttributeProto *value = attr(n, "value");
	bool constant = is_in(" Constant ConstantOfShape ", text(n->op_type));

	if (constant)
		return !(value && value->t) && fm_convert_makes_float(j, n);
	return is_in(by_attribute, text(n->op_type)) && !told_type(n);
}

static bool
stays_single(const char *op, struct fm_convert_stay *s)
{
	for (size_t i = 0; i < sizeof no_half / sizeof *no_half; i++)
		if (strcmp(no_half[i].op, op) == 0) {
			s->outputs = no_half[i].outputs;
			return true;
		}
	return false;
}

static unsigned
exact_inputs(const char *op)
{
	for (size_t i = 0; i < sizeof exact / sizeof *exact; i++)
		if (strcmp(exact[i].op, op) == 0)
			return exact[i].inputs;
	return 0;
}

static bool
stays_of_bf16(const struct fm_convert *j, const Onnx__NodeProto *n,
    struct fm_convert_stay *s)
{
	const char *op = text(n->op_type);

	if (strcmp(text(n->domain), "com.microsoft") == 0 &&
	    is_in(own_bf16, op))
		return false;
	if (!is_standard(n)) {
		if (!stays_single(op, s))
			s->outputs = ALL;
		return true;
	}
	for (size_t i = 0; i < sizeof no_bf16 / sizeof *no_bf16; i++)
		if (strcmp(no_bf16[i].op, op) == 0 &&
		    (!no_bf16[i].until || j->opset < no_bf16[i].until)) {
			s->inputs = no_bf16[i].inputs;
			s->outputs = no_bf16[i].outputs;
			s->until = no_bf16[i].until;
			s->never = no_bf16[i].never;
			s->exact = exact_inputs(op);
			return true;
		}
	return false;
}

bool
fm_convert_stays(const struct fm_convert *j, const Onnx__NodeProto *n,
    struct fm_convert_stay *s)
{
	const char *op = text(n->op_type);

	*s = (struct fm_convert_stay){ .inputs = ALL };
	/* Mean and deviation are always single. */
	if (is_in(" LayerNormalization ", op) && n->n_output > 1)
		s->outputs = 7;
	if (is_untold(j, n))
		s->outputs = 1;
	if (s->outputs)
		return true;
	return j->type == FM_TYPE_FLOAT16 ? stays_single(op, s)
					  : stays_of_bf16(j, n, s);
}
