/*
 * The fast way through JSON text. A member that nobody wants costs a memchr()
 * when it is a string and a look at each byte when it is an object or list.
 */
#include "pick.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"

enum {
	NONE = -1,
	DEEPEST = 64 /* deeper objects are jansson's */
};

struct pick_node {
	char *name;
	size_t len;
	int slot;       /* NONE: only its members are wanted */
	int child;      /* first one, or NONE */
	int next;       /* sibling, or NONE */
	uint64_t hints; /* of the children's names, see hint() */
};

void
pick_release(struct pick *p)
{
	size_t i;

	for (i = 0; i < p->n_nodes; i++)
		free(p->nodes[i].name);
	free(p->nodes);
	free(p->got);
	memset(p, 0, sizeof *p);
}

/* --- what is wanted --- */

/* Node 0 is the object itself. */
static int
new_node(struct pick *p, const char *name, size_t len)
{
	struct pick_node *n;

	FM_GROW(p->nodes, p->cap_nodes, p->n_nodes + 1);
	n = &p->nodes[p->n_nodes];
	n->name = fm_strndup(name, len);
	n->len = len;
	n->slot = n->child = n->next = NONE;
	n->hints = 0;
	return (int)p->n_nodes++;
}

/* A bit for a name: most names that nobody wants have none of ours. */
static uint64_t
hint(const char *name, size_t len)
{
	unsigned h = (unsigned)len * 5;

	if (len)
		h += (unsigned char)name[0] + (unsigned char)name[len / 2];
	return UINT64_C(1) << (h & 63);
}

static int
find(const struct pick *p, int node, const char *name, size_t len)
{
	int at;

	if (!(p->nodes[node].hints & hint(name, len)))
		return NONE;

	for (at = p->nodes[node].child; at != NONE; at = p->nodes[at].next)
		if (p->nodes[at].len == len &&
		    memcmp(p->nodes[at].name, name, len) == 0)
			break;
	return at;
}

size_t
pick_want(struct pick *p, const char *path)
{
	int node = 0, child;

	if (p->n_nodes == 0)
		(void)new_node(p, "", 0);
	while (*path) {
		size_t len = strcspn(path, ".");

		child = find(p, node, path, len);
		if (child == NONE) {
			child = new_node(p, path, len);
			p->nodes[child].next = p->nodes[node].child;
			p->nodes[node].child = child;
			p->nodes[node].hints |= hint(path, len);
		}
		node = child;
		path += len + (path[len] == '.');
	}
	if (p->nodes[node].slot == NONE) {
		FM_GROW(p->got, p->cap, p->n + 1);
		p->nodes[node].slot = (int)p->n++;
	}
	return (size_t)p->nodes[node].slot;
}

/* --- stepping over --- */

static const char *
blanks(const char *s, const char *end)
{
	while (s < end && (*s == ' ' || *s == '\n' || *s == '\t' || *s == '\r'))
		s++;
	return s;
}

/*
 * From the opening quote to behind the closing one, or NULL. Most texts have
 * no backslash at all, and pick_text() knows how far that holds.
 */
static const char *
string(const struct pick *p, const char *s, const char *end, bool *escapes)
{
	const char *q = s + 1, *b;

	*escapes = false;
	for (;;) {
		q = memchr(q, '"', (size_t)(end - q));
		if (!q)
			return NULL;
		if (q < p->plain)
			return q + 1;
		for (b = q; b[-1] == '\\'; b--)
			continue;
		q++;
		if ((q - 1 - b) % 2 == 0)
			break;
	}
	*escapes = memchr(s, '\\', (size_t)(q - s)) != NULL;
	return q;
}

/* From an opening brace or bracket to behind its closing one, or NULL. */
static const char *
nested(const struct pick *p, const char *s, const char *end)
{
	char open[DEEPEST];
	int depth = 0;
	bool escapes;

	while (s < end) {
		switch (*s) {
		case '"':
			s = string(p, s, end, &escapes);
			if (!s)
				return NULL;
			continue;
		case '{':
		case '[':
			if (depth == DEEPEST)
				return NULL;
			open[depth++] = *s;
			break;
		case '}':
		case ']':
			/* '{' + 2 is '}', '[' + 2 is ']' in ASCII. */
			if (depth == 0 || open[depth - 1] + 2 != *s)
				return NULL;
			if (--depth == 0)
				return s + 1;
			break;
		default:
			break;
		}
		s++;
	}
	return NULL;
}

/* A number, true, false or null; what it is worth is the caller's matter. */
static const char *
word(const char *s, const char *end)
{
	const char *from = s;

	while (
	    s < end && ((*s >= '0' && *s <= '9') || *s == '.' || *s == '-' ||
			   *s == '+' || (*s >= 'a' && *s <= 'z') || *s == 'E'))
		s++;
	return s > from ? s : NULL;
}

static const char *
value(const struct pick *p, const char *s, const char *end, struct token *t)
{
	const char *from = s;

	t->escapes = false;
	if (s >= end)
		return NULL;
	if (*s == '"')
		s = string(p, s, end, &t->escapes);
	else if (*s == '{' || *s == '[')
		s = nested(p, s, end);
	else
		s = word(s, end);
	t->s = from;
	t->n = s ? (size_t)(s - from) : 0;
	return s;
}

/* --- picking --- */

static const char *members(
    struct pick *p, int node, const char *s, const char *end, int depth);

/* The value of one member or element whose node is `node`, or NONE. */
static const char *
member(struct pick *p, int node, const char *s, const char *end, int depth)
{
	struct token t = { s, 0, false };
	const char *behind;

	if (node != NONE && p->nodes[node].child != NONE && s < end &&
	    (*s == '{' || *s == '[')) {
		behind = depth < DEEPEST ? members(p, node, s, end, depth + 1)
					 : NULL;
		t.n = behind ? (size_t)(behind - s) : 0;
	} else {
		behind = value(p, s, end, &t);
	}
	if (behind && node != NONE && p->nodes[node].slot != NONE)
		p->got[p->nodes[node].slot] = t;
	return behind;
}

/* Behind the name of a member and its colon; *node is what it is to us. */
static const char *
member_name(const struct pick *p, int *node, const char *s, const char *end)
{
	const char *from = s + 1;
	bool escapes;

	if (s >= end || *s != '"')
		return NULL;
	s = string(p, s, end, &escapes);
	if (!s || escapes)
		return NULL;
	*node = find(p, *node, from, (size_t)(s - 1 - from));
	s = blanks(s, end);
	return s < end && *s == ':' ? blanks(s + 1, end) : NULL;
}

/* An object, or a list whose elements are named "0", "1" … */
static const char *
members(struct pick *p, int node, const char *s, const char *end, int depth)
{
	char close = *s == '{' ? '}' : ']', digit;
	int at, i;

	s = blanks(s + 1, end);
	if (s < end && *s == close)
		return s + 1;
	for (i = 0;; i++) {
		at = node;
		if (close == '}') {
			s = member_name(p, &at, s, end);
		} else {
			digit = (char)('0' + i);
			at = i < 10 ? find(p, node, &digit, 1) : NONE;
		}
		s = s ? member(p, at, s, end, depth) : NULL;
		s = s ? blanks(s, end) : NULL;
		if (!s || s >= end)
			return NULL;
		if (*s == close)
			return s + 1;
		if (*s != ',')
			return NULL;
		s = blanks(s + 1, end);
	}
}

void
pick_text(struct pick *p, const char *s, const char *end)
{
	p->plain = memchr(s, '\\', (size_t)(end - s));
	if (!p->plain)
		p->plain = end;
}

const char *
pick_object(struct pick *p, const char *s, const char *end)
{
	memset(p->got, 0, p->n * sizeof *p->got);
	if (p->n_nodes == 0)
		(void)pick_want(p, "timestamp");
	return *s == '{' ? members(p, 0, s, end, 0) : NULL;
}
