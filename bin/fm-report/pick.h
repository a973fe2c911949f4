/*
 * Picking values out of the text of a JSON object without building it: the
 * wanted members are taken where they stand and everything else is stepped
 * over. Knows JSON, and nothing of what the members mean. Whatever is unusual
 * is refused, and the caller asks jansson.
 */
#ifndef PICK_H
#define PICK_H

#include <stdbool.h>
#include <stddef.h>

/* A value as it stands in the text; s = NULL: not there. */
struct token {
	const char *s; /* a string with its quotes, an object with its braces */
	size_t n;
	bool escapes; /* of a string: there is a backslash in it */
};

struct pick {
	struct pick_node *nodes; /* the wanted names, as a tree */
	size_t n_nodes, cap_nodes;
	struct token *got; /* by slot, of the object last picked from */
	size_t n, cap;     /* slots */
	const char *plain; /* there is no backslash before here */
};

void pick_release(struct pick *p);

/* The slot of the member "stats.median" or "stats.ci95.0"; adds it. */
size_t pick_want(struct pick *p, const char *path);

/* Says that text from `s` to `end` is picked from next. */
void pick_text(struct pick *p, const char *s, const char *end);

/*
 * Reads the object that begins at `s`, up to `end`: where it ends, or NULL
 * when it does not or is unusual. Fills p->got.
 */
const char *pick_object(struct pick *p, const char *s, const char *end);

#endif
