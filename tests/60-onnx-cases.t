#!/bin/sh
# The ONNX project's own cases (Debian: libonnx-testdata), run as they lie:
# a model, its inputs and expected outputs as tensor files. Normally a fixed
# choice that covers every element type; FM_TEST_LONG=1 runs all of them.
# onnx-cases.tsv says which cannot pass and why; one of those that passes all
# the same is a fault of the table. Tolerances are the ONNX project's.
. "$(dirname "$0")/lib.sh"

data=${FM_ONNX_CASES:-/usr/share/libonnx-testdata/data}
table=$top/tests/onnx-cases.tsv
tab=$(printf '\t')
[ -d "$data/node" ] || skip_all 'the ONNX test data is not here'
fm-driver --platform cpu --list_devices >/dev/null 2>&1 ||
    skip_all 'ONNX Runtime is not here'

choice='
node/test_abs node/test_acos_example node/test_add_uint8 node/test_and2d
node/test_argmax_keepdims_random node/test_averagepool_2d_default
node/test_basic_convinteger node/test_batchnorm_epsilon
node/test_bitshift_left_uint32 node/test_bitshift_right_uint64
node/test_cast_BFLOAT16_to_FLOAT node/test_cast_DOUBLE_to_FLOAT16
node/test_cast_FLOAT16_to_DOUBLE node/test_cast_FLOAT_to_BFLOAT16
node/test_cast_FLOAT_to_DOUBLE node/test_clip_default_int8_inbounds
node/test_compress_0 node/test_constantofshape_int_shape_zero
node/test_convinteger_without_padding node/test_cumsum_2d_axis_1
node/test_dropout_default_mask_ratio node/test_dynamicquantizelinear
node/test_einsum_sum node/test_equal_bcast node/test_expand_dim_changed
node/test_gemm_all_attributes
node/test_identity_sequence node/test_if node/test_isinf_positive
node/test_isnan node/test_layer_normalization_2d_axis0 node/test_loop11
node/test_lstm_defaults node/test_matmul_3d node/test_matmulinteger
node/test_max_float16 node/test_max_int32 node/test_maxpool_2d_uint8
node/test_mod_mixed_sign_int16
node/test_mod_mixed_sign_int64 node/test_mod_uint16 node/test_nonzero_example
node/test_not_2d node/test_pow_types_int32_int32
node/test_quantizelinear_axis node/test_reduce_log_sum_exp_keepdims_random
node/test_reshape_zero_dim node/test_scan_sum node/test_shape
node/test_softmax_large_number
node/test_strnormalizer_nostopwords_nochangecase node/test_top_k
node/test_transpose_all_permutations_0 node/test_where_long_example
node/test_xor3d pytorch-converted/test_Conv2d
pytorch-operator/test_operator_conv simple/test_expand_shape_model1
simple/test_shrink simple/test_single_relu_model'

# Is the case in the table? Sets $why; $kind is how it fails.
listed() {
	while IFS=$tab read -r pattern kind why; do
		# shellcheck disable=SC2254
		case $1 in '#'*) ;; $pattern) return 0 ;; esac
	done <"$table"
	return 1
}

one() {
	c=$data/$1
	if [ ! -f "$c/model.onnx" ]; then
		skip "$1" 'comes without its model'
		return
	fi
	if listed "$1" && [ "$kind" = chance ]; then
		skip "$1" "$why"
		return
	fi
	fm-driver "$c/model.onnx" --infer "$c" --expect "$c" --rtol 1e-3 \
	    --atol 1e-7 >"$T/out" 2>"$T/err" </dev/null
	rc=$?
	if ! listed "$1"; then
		if [ $rc = 0 ]; then
			pass "$1"
		else
			fail "$1"
			grep -hE 'differs|missing|fm-driver' "$T/out" "$T/err" |
			    cut -c1-200 | note
		fi
	elif [ $rc = 0 ]; then
		fail "$1 passes, but onnx-cases.tsv says: $why"
	else
		skip "$1" "$why"
	fi
}

if [ -n "$FM_TEST_LONG" ]; then
	choice=$(cd "$data" && echo */test_*)
fi
for c in $choice; do
	if [ -d "$data/$c" ]; then
		one "$c"
	fi
done
ok 'there were cases' [ "$n" -gt 0 ]
finish
