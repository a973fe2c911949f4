/*
 * Walks the fields of those messages that can contain themselves and skips
 * all others by their length, so that weights cost nothing.
 */
#include "model/nesting.h"

#include <stdint.h>

enum kind {
	NONE,
	MODEL,
	TRAINING,
	FUNCTION,
	GRAPH,
	NODE,
	ATTRIBUTE,
	VALUE,
	TYPE,
	ELEMENT, /* of a sequence, or optional */
	MAP
};

/* Field numbers of onnx.proto. */
static const struct {
	enum kind in;
	unsigned field;
	enum kind is;
} fields[] = {
	{ MODEL, 7, GRAPH },
	{ MODEL, 20, TRAINING },
	{ MODEL, 25, FUNCTION },
	{ TRAINING, 1, GRAPH },
	{ TRAINING, 2, GRAPH },
	{ FUNCTION, 7, NODE },
	{ GRAPH, 1, NODE },
	{ GRAPH, 11, VALUE },
	{ GRAPH, 12, VALUE },
	{ GRAPH, 13, VALUE },
	{ NODE, 5, ATTRIBUTE },
	{ ATTRIBUTE, 6, GRAPH },
	{ ATTRIBUTE, 11, GRAPH },
	{ ATTRIBUTE, 14, TYPE },
	{ ATTRIBUTE, 15, TYPE },
	{ VALUE, 2, TYPE },
	{ TYPE, 4, ELEMENT },
	{ TYPE, 5, MAP },
	{ TYPE, 9, ELEMENT },
	{ ELEMENT, 1, TYPE },
	{ MAP, 2, TYPE },
};

static enum kind
kind_of(enum kind in, uint64_t field)
{
	for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
		if (fields[i].in == in && fields[i].field == field)
			return fields[i].is;
	return NONE;
}

/* A number of seven bits a byte; false at the end of the message. */
static bool
varint(const unsigned char **p, const unsigned char *end, uint64_t *v)
{
	*v = 0;
	for (unsigned shift = 0; *p < end && shift < 64; shift += 7) {
		unsigned char c = *(*p)++;

		*v |= (uint64_t)(c & 127) << shift;
		if (c < 128)
			return true;
	}
	return false;
}

/* Whatever is malformed ends the walk: unpacking will not get further. */
static bool
walk(const unsigned char *p, const unsigned char *end, enum kind in, int depth)
{
	uint64_t tag, n;

	if (depth > FM_NESTING_MAX)
		return false;
	while (varint(&p, end, &tag)) {
		enum kind is = kind_of(in, tag >> 3);

		switch (tag & 7) {
		case 0:
			(void)varint(&p, end, &n);
			continue;
		case 1:
			n = 8;
			break;
		case 2:
			if (!varint(&p, end, &n))
				return true;
			break;
		case 5:
			n = 4;
			break;
		default:
			return true;
		}
		if (n > (uint64_t)(end - p))
			return true;
		if (is != NONE && (tag & 7) == 2 &&
		    !walk(p, p + n, is, depth + 1))
			return false;
		p += n;
	}
	return true;
}

bool
fm_nesting_ok(const unsigned char *p, size_t n)
{
	return n == 0 || walk(p, p + n, MODEL, 0);
}
