/*
 * Conditions: read by recursive descent into a tree, which is then walked for
 * each set of values.
 */
#include "expr.h"

#include <ctype.h>
#include <math.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "buf.h"
#include "err.h"
#include "num.h"

enum op {
	OP_VALUE,
	OP_NAME,
	OP_NOT,
	OP_NEG,
	OP_OR,
	OP_AND,
	OP_EQ,
	OP_NE,
	OP_LE,
	OP_LT,
	OP_GE,
	OP_GT,
	OP_MATCH,
	OP_ADD,
	OP_SUB,
	OP_MUL,
	OP_DIV,
	OP_MOD
};

struct fm_expr_node {
	enum op op;
	struct fm_expr_node *a, *b;
	struct fm_expr_value value; /* OP_VALUE; its text is `text` */
	char *text;
	size_t slot; /* OP_NAME */
	regex_t re;  /* OP_MATCH */
	bool has_re;
};

/* --- reading --- */

enum {
	DEEPEST = 200 /* parentheses in parentheses */
};

struct parser {
	struct fm_expr *e;
	const char *text, *at;
	int depth;
	struct fm_err *err;
};

static const struct {
	const char *word;
	enum op op;
	int strength;
} binary[] = {
	{ "||", OP_OR, 1 },
	{ "&&", OP_AND, 2 },
	{ "==", OP_EQ, 3 },
	{ "!=", OP_NE, 3 },
	{ "=~", OP_MATCH, 3 },
	{ "<=", OP_LE, 3 },
	{ ">=", OP_GE, 3 },
	{ "<", OP_LT, 3 },
	{ ">", OP_GT, 3 },
	{ "+", OP_ADD, 4 },
	{ "-", OP_SUB, 4 },
	{ "*", OP_MUL, 5 },
	{ "/", OP_DIV, 5 },
	{ "%", OP_MOD, 5 },
};

static void
node_free(struct fm_expr_node *n)
{
	if (!n)
		return;
	node_free(n->a);
	node_free(n->b);
	if (n->has_re)
		regfree(&n->re);
	free(n->text);
	free(n);
}

static struct fm_expr_node *
node_new(enum op op, struct fm_expr_node *a, struct fm_expr_node *b)
{
	struct fm_expr_node *n = fm_calloc(1, sizeof *n);

	n->op = op;
	n->a = a;
	n->b = b;
	return n;
}

static void
blanks(struct parser *p)
{
	while (isspace((unsigned char)*p->at))
		p->at++;
}

/* The text is named by its beginning: it may be longer than any message. */
static struct fm_expr_node *
wrong(struct parser *p, const char *what)
{
	const char *more = strlen(p->text) > 100 ? "..." : "";

	if (*p->at)
		(void)fm_err_set(p->err, FM_USAGE,
		    "'%.100s%s': %s at column %zu, got '%.20s'", p->text, more,
		    what, (size_t)(p->at - p->text) + 1, p->at);
	else
		(void)fm_err_set(p->err, FM_USAGE, "'%.100s%s': %s at the end",
		    p->text, more, what);
	return NULL;
}

static struct fm_expr_node *
value(enum fm_expr_type type, double num)
{
	struct fm_expr_node *n = node_new(OP_VALUE, NULL, NULL);

	n->value.type = type;
	n->value.num = num;
	return n;
}

/* "…" or '…'; a backslash keeps the next character. */
static struct fm_expr_node *
quoted(struct parser *p)
{
	const char *s = p->at, quote = *s;
	struct fm_buf b = FM_BUF_INIT;
	struct fm_expr_node *n;

	for (s++; *s && *s != quote; s++) {
		if (*s == '\\' && s[1])
			s++;
		fm_buf_putc(&b, *s);
	}
	if (!*s) {
		fm_buf_release(&b);
		return wrong(p, "a text has no closing quote");
	}
	p->at = s + 1;
	n = value(FM_EXPR_STR, 0);
	n->text = fm_buf_detach(&b);
	n->value.str = n->text;
	return n;
}

static struct fm_expr_node *
number(struct parser *p)
{
	const char *s = p->at;
	double v;

	while (isalnum((unsigned char)*s) || *s == '.' ||
	       ((*s == '+' || *s == '-') && (s[-1] == 'e' || s[-1] == 'E')))
		s++;
	if (!fm_num_get_double(p->at, (size_t)(s - p->at), &v))
		return wrong(p, "a number is wanted");
	p->at = s;
	return value(FM_EXPR_NUM, v);
}

static bool
name_char(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '.';
}

static struct fm_expr_node *
name(struct parser *p)
{
	const char *s = p->at;
	struct fm_expr_node *n;
	ptrdiff_t slot;
	char *word;

	while (name_char(*s))
		s++;
	word = fm_strndup(p->at, (size_t)(s - p->at));
	p->at = s;
	if (strcmp(word, "true") == 0 || strcmp(word, "false") == 0) {
		n = value(FM_EXPR_BOOL, *word == 't');
	} else if (strcmp(word, "null") == 0) {
		n = value(FM_EXPR_NULL, 0);
	} else {
		slot = fm_strs_find(&p->e->names, word);
		if (slot < 0) {
			slot = (ptrdiff_t)p->e->names.n;
			fm_strs_add(&p->e->names, word);
		}
		n = node_new(OP_NAME, NULL, NULL);
		n->slot = (size_t)slot;
	}
	free(word);
	return n;
}

static struct fm_expr_node *parse(struct parser *p, int strength);

/* A value, or something in front of one. */
static struct fm_expr_node *
unary(struct parser *p)
{
	struct fm_expr_node *n = NULL;
	char c;

	blanks(p);
	c = *p->at;
	if (++p->depth > DEEPEST)
		return wrong(p, "this is nested too deeply");
	if (c == '!' || c == '-') {
		p->at++;
		n = unary(p);
		if (n)
			n = node_new(c == '!' ? OP_NOT : OP_NEG, n, NULL);
	} else if (c == '(') {
		p->at++;
		n = parse(p, 1);
		blanks(p);
		if (n && *p->at != ')') {
			node_free(n);
			return wrong(p, "a ')' is wanted");
		}
		p->at += n != NULL;
	} else if (c == '"' || c == '\'') {
		n = quoted(p);
	} else if (isdigit((unsigned char)c) || c == '.') {
		n = number(p);
	} else if (isalpha((unsigned char)c) || c == '_') {
		n = name(p);
	} else {
		n = wrong(p, "a value is wanted");
	}
	p->depth--;
	return n;
}

/* The index in `binary` of the operator that comes next, or -1. */
static int
next_binary(struct parser *p)
{
	size_t i;

	blanks(p);
	for (i = 0; i < sizeof binary / sizeof *binary; i++)
		if (strncmp(p->at, binary[i].word, strlen(binary[i].word)) == 0)
			return (int)i;
	return -1;
}

enum {
	MOST_REPEATS = 8
};

/*
 * regcomp() copies what + and {} repeat, and what is repeated inside it: time
 * and memory double with each. So they are few, and {} is none of them.
 */
static bool
bounded(const char *re)
{
	int repeats = 0;

	for (; *re; re++) {
		if (*re == '{')
			return false;
		repeats += *re == '*' || *re == '+' || *re == '?';
	}
	return repeats <= MOST_REPEATS;
}

static bool
compile(struct parser *p, struct fm_expr_node *n)
{
	char why[200];
	int rc;

	if (n->b->op != OP_VALUE || n->b->value.type != FM_EXPR_STR) {
		(void)wrong(p, "=~ wants a regular expression in quotes");
		return false;
	}
	if (!bounded(n->b->text)) {
		(void)fm_err_set(p->err, FM_USAGE,
		    "'%.100s': regular expression '%.100s': no more than %d "
		    "of * + ?, and no {",
		    p->text, n->b->text, (int)MOST_REPEATS);
		return false;
	}
	rc = regcomp(&n->re, n->b->text, REG_EXTENDED | REG_NOSUB);
	n->has_re = rc == 0;
	if (rc == 0)
		return true;
	(void)regerror(rc, &n->re, why, sizeof why);
	(void)fm_err_set(p->err, FM_USAGE,
	    "'%.100s': regular expression '%.100s': %s", p->text, n->b->text,
	    why);
	return false;
}

/* Operators of at least this strength, by precedence climbing. */
static struct fm_expr_node *
parse(struct parser *p, int strength)
{
	struct fm_expr_node *a = unary(p), *b;
	int i;

	while (a && (i = next_binary(p)) >= 0) {
		if (binary[i].strength < strength)
			break;
		p->at += strlen(binary[i].word);
		b = parse(p, binary[i].strength + 1);
		if (!b) {
			node_free(a);
			return NULL;
		}
		a = node_new(binary[i].op, a, b);
		if (a->op == OP_MATCH && !compile(p, a)) {
			node_free(a);
			return NULL;
		}
	}
	return a;
}

int
fm_expr_parse(struct fm_expr *e, const char *text, struct fm_err *err)
{
	struct parser p = { e, text, text, 0, err };

	e->root = parse(&p, 1);
	if (!e->root)
		return -1;
	blanks(&p);
	if (!*p.at)
		return 0;
	(void)wrong(&p, "an operator is wanted");
	node_free(e->root);
	e->root = NULL;
	return -1;
}

void
fm_expr_release(struct fm_expr *e)
{
	node_free(e->root);
	fm_strs_release(&e->names);
	memset(e, 0, sizeof *e);
}

/* --- evaluating --- */

struct scope {
	fm_expr_get *get;
	void *ctx;
};

static const struct fm_expr_value null_value = { FM_EXPR_NULL, 0, NULL };

static bool
truth(const struct fm_expr_value *v)
{
	switch (v->type) {
	case FM_EXPR_NULL:
		return false;
	case FM_EXPR_STR:
		return *v->str != '\0';
	case FM_EXPR_BOOL:
	case FM_EXPR_NUM:
		break;
	}
	return v->num != 0;
}

static struct fm_expr_value
of_bool(bool b)
{
	struct fm_expr_value v = { FM_EXPR_BOOL, b, NULL };

	return v;
}

static struct fm_expr_value
arith(enum op op, const struct fm_expr_value *a, const struct fm_expr_value *b)
{
	struct fm_expr_value v = { FM_EXPR_NUM, 0, NULL };

	if (a->type != FM_EXPR_NUM || b->type != FM_EXPR_NUM)
		return null_value;
	switch (op) {
	case OP_ADD:
		v.num = a->num + b->num;
		break;
	case OP_SUB:
		v.num = a->num - b->num;
		break;
	case OP_MUL:
		v.num = a->num * b->num;
		break;
	case OP_DIV:
		v.num = a->num / b->num;
		break;
	default:
		v.num = fmod(a->num, b->num);
		break;
	}
	return isfinite(v.num) ? v : null_value;
}

static bool
compare(
    enum op op, const struct fm_expr_value *a, const struct fm_expr_value *b)
{
	int c;

	if (a->type != b->type)
		return op == OP_NE;
	if (a->type == FM_EXPR_NULL)
		c = 0;
	else if (a->type == FM_EXPR_STR)
		c = strcmp(a->str, b->str);
	else
		c = (a->num > b->num) - (a->num < b->num);
	switch (op) {
	case OP_EQ:
		return c == 0;
	case OP_NE:
		return c != 0;
	case OP_LT:
		return c < 0;
	case OP_LE:
		return c <= 0 && a->type != FM_EXPR_NULL;
	case OP_GT:
		return c > 0;
	default:
		return c >= 0 && a->type != FM_EXPR_NULL;
	}
}

static struct fm_expr_value
eval(const struct fm_expr_node *n, const struct scope *s)
{
	struct fm_expr_value a, b;

	switch (n->op) {
	case OP_VALUE:
		return n->value;
	case OP_NAME:
		a = null_value;
		s->get(s->ctx, n->slot, &a);
		return a;
	default:
		break;
	}
	a = eval(n->a, s);
	switch (n->op) {
	case OP_NOT:
		return of_bool(!truth(&a));
	case OP_NEG:
		b = null_value;
		b.type = FM_EXPR_NUM;
		return arith(OP_SUB, &b, &a);
	case OP_OR:
	case OP_AND:
		if (truth(&a) == (n->op == OP_OR))
			return of_bool(n->op == OP_OR);
		b = eval(n->b, s);
		return of_bool(truth(&b));
	case OP_MATCH:
		return of_bool(a.type == FM_EXPR_STR &&
			       regexec(&n->re, a.str, 0, NULL, 0) == 0);
	default:
		break;
	}
	b = eval(n->b, s);
	if (n->op >= OP_ADD)
		return arith(n->op, &a, &b);
	return of_bool(compare(n->op, &a, &b));
}

bool
fm_expr_true(const struct fm_expr *e, fm_expr_get *get, void *ctx)
{
	const struct scope s = { get, ctx };
	struct fm_expr_value v;

	if (!e->root)
		return true;
	v = eval(e->root, &s);
	return truth(&v);
}
