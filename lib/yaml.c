/*
 * YAML to JSON, from libyaml's events (the only place that knows libyaml).
 *
 * An alias is a copy of what its anchor holds. Every value counts, copies
 * too, so that nine lines of aliases of aliases cannot fill the memory; an
 * anchor exists only once its value is complete, so there are no cycles.
 */
#include "yaml.h"

#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <yaml.h>

#include "buf.h"
#include "err.h"
#include "io.h"
#include "yaml_scalar.h"

#define DEPTH 110 /* a little more than fm_yaml_put() writes */
#define VALUES_MAX 1000000

struct reader {
	yaml_parser_t parser;
	const char *text; /* for the line of an invalid byte */
	const char *name;
	struct fm_err *err;
	json_t *anchors; /* name: {"v": value, "n": values in it} */
	int64_t values;  /* so far */
	int depth;
	struct fm_buf path; /* of the value being read */
	const char *wanted; /* path whose line is asked for, or NULL */
	int line;           /* of the wanted path, or 0 */
};

static json_t *value(struct reader *r, const yaml_event_t *e);

static int
line_of(yaml_mark_t mark)
{
	return mark.line < INT_MAX ? (int)mark.line + 1 : INT_MAX;
}

static int
fail(struct reader *r, yaml_mark_t mark, const char *what)
{
	return fm_err_set(
	    r->err, FM_USAGE, "%s:%d: %s", r->name, line_of(mark), what);
}

/* The message of libyaml, which knows no line for bytes it cannot read. */
static int
fail_syntax(struct reader *r)
{
	const yaml_parser_t *p = &r->parser;
	int line = line_of(p->problem_mark);
	const char *s;

	if (p->error == YAML_READER_ERROR)
		for (line = 1, s = r->text; s < r->text + p->problem_offset;
		     s++)
			line += *s == '\n';
	return fm_err_set(r->err, FM_USAGE, "%s:%d: %s", r->name, line,
	    p->problem ? p->problem : "cannot be read");
}

/* The next event, which the caller deletes. */
static int
next(struct reader *r, yaml_event_t *e)
{
	if (!yaml_parser_parse(&r->parser, e))
		return fail_syntax(r);
	return 0;
}

static int
count(struct reader *r, yaml_mark_t mark, int64_t n)
{
	r->values += n;
	if (r->values > VALUES_MAX)
		return fail(r, mark, "more than a million values");
	return 0;
}

static json_t *
scalar(struct reader *r, const yaml_event_t *e)
{
	const char *why = NULL;
	const char *s = (const char *)e->data.scalar.value;
	size_t n = e->data.scalar.length;
	json_t *v;

	if (e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE)
		v = fm_yaml_scalar(s, n, &why);
	else
		v = json_stringn(s, n);
	if (!v)
		(void)fm_err_set(r->err, FM_USAGE, "%s:%d: '%.60s' %s", r->name,
		    line_of(e->start_mark), s,
		    why ? why : "is not valid UTF-8");
	return v;
}

static json_t *
alias(struct reader *r, const yaml_event_t *e)
{
	const char *name = (const char *)e->data.alias.anchor;
	const json_t *a = json_object_get(r->anchors, name);

	if (!a) {
		(void)fm_err_set(r->err, FM_USAGE,
		    "%s:%d: there is no anchor '&%s' before this", r->name,
		    line_of(e->start_mark), name);
		return NULL;
	}
	if (count(
		r, e->start_mark, json_integer_value(json_object_get(a, "n"))))
		return NULL;
	return json_deep_copy(json_object_get(a, "v"));
}

static json_t *
sequence(struct reader *r)
{
	json_t *list = json_array(), *v;
	size_t len = r->path.len, i;
	yaml_event_t e;

	for (i = 0;; i++) {
		if (next(r, &e))
			break;
		if (e.type == YAML_SEQUENCE_END_EVENT) {
			yaml_event_delete(&e);
			return list;
		}
		fm_buf_printf(&r->path, "%s%zu", len ? "." : "", i);
		v = value(r, &e);
		yaml_event_delete(&e);
		r->path.len = len;
		if (!v)
			break;
		(void)json_array_append_new(list, v);
	}
	json_decref(list);
	return NULL;
}

/* `v` is a mapping or a list of them; the first that has a key wins. */
static int
merge(struct reader *r, yaml_mark_t mark, json_t *into, json_t *v)
{
	size_t i;

	if (json_is_object(v)) {
		(void)json_object_update_missing(into, v);
		return 0;
	}
	if (!json_is_array(v))
		return fail(
		    r, mark, "'<<' needs a mapping or a list of mappings");
	for (i = 0; i < json_array_size(v); i++)
		if (!json_is_object(json_array_get(v, i)) ||
		    merge(r, mark, into, json_array_get(v, i)))
			return fail(r, mark,
			    "'<<' needs a mapping or a list of mappings");
	return 0;
}

static int
check_key(struct reader *r, const yaml_event_t *e, const json_t *map)
{
	const char *key = (const char *)e->data.scalar.value;

	if (e->type != YAML_SCALAR_EVENT || e->data.scalar.tag ||
	    strlen(key) != e->data.scalar.length)
		return fail(r, e->start_mark, "a key must be a plain text");
	if (json_object_get(map, key))
		return fm_err_set(r->err, FM_USAGE,
		    "%s:%d: the key '%.60s' is here twice", r->name,
		    line_of(e->start_mark), key);
	return 0;
}

/* One key and its value; a merge key's goes to `merged`. */
static int
member(struct reader *r, const yaml_event_t *k, json_t *map, json_t *merged)
{
	const char *key = (const char *)k->data.scalar.value;
	size_t len = r->path.len;
	yaml_event_t e;
	json_t *v;
	int rc;

	if (check_key(r, k, map) || next(r, &e))
		return -1;
	fm_buf_printf(&r->path, "%s%s", len ? "." : "", key);
	v = value(r, &e);
	yaml_event_delete(&e);
	r->path.len = len;
	if (!v)
		return -1;
	if (k->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
	    strcmp(key, "<<") == 0) {
		rc = merge(r, k->start_mark, merged, v);
		json_decref(v);
		return rc;
	}
	if (json_object_set_new(map, key, v))
		return fail(r, k->start_mark, "the key is not valid UTF-8");
	return 0;
}

static json_t *
mapping(struct reader *r)
{
	json_t *map = json_object(), *merged = json_object();
	yaml_event_t e;
	bool end = false;

	while (!end && next(r, &e) == 0) {
		end = e.type == YAML_MAPPING_END_EVENT;
		if (!end && member(r, &e, map, merged)) {
			yaml_event_delete(&e);
			break;
		}
		yaml_event_delete(&e);
	}
	(void)json_object_update_missing(map, merged);
	json_decref(merged);
	if (!end) {
		json_decref(map);
		return NULL;
	}
	return map;
}

/* The value that begins with `e`, without what is common to all. */
static json_t *
content(struct reader *r, const yaml_event_t *e)
{
	switch (e->type) {
	case YAML_ALIAS_EVENT:
		return alias(r, e);
	case YAML_SCALAR_EVENT:
		return scalar(r, e);
	case YAML_SEQUENCE_START_EVENT:
		return sequence(r);
	default:
		return mapping(r);
	}
}

static const char *
anchor_of(const yaml_event_t *e)
{
	if (e->type == YAML_SCALAR_EVENT)
		return (const char *)e->data.scalar.anchor;
	if (e->type == YAML_SEQUENCE_START_EVENT)
		return (const char *)e->data.sequence_start.anchor;
	if (e->type == YAML_MAPPING_START_EVENT)
		return (const char *)e->data.mapping_start.anchor;
	return NULL;
}

static const char *
tag_of(const yaml_event_t *e)
{
	if (e->type == YAML_SCALAR_EVENT)
		return (const char *)e->data.scalar.tag;
	if (e->type == YAML_SEQUENCE_START_EVENT)
		return (const char *)e->data.sequence_start.tag;
	if (e->type == YAML_MAPPING_START_EVENT)
		return (const char *)e->data.mapping_start.tag;
	return NULL;
}

static json_t *
value(struct reader *r, const yaml_event_t *e)
{
	const char *anchor = anchor_of(e), *tag = tag_of(e);
	int64_t before = r->values;
	json_t *v;

	if (r->wanted && strcmp(r->path.s, r->wanted) == 0)
		r->line = line_of(e->start_mark);
	if (tag) {
		(void)fm_err_set(r->err, FM_USAGE,
		    "%s:%d: the tag '%.60s' is not supported", r->name,
		    line_of(e->start_mark), tag);
		return NULL;
	}
	if (r->depth >= DEPTH) {
		(void)fail(r, e->start_mark, "nested too deeply");
		return NULL;
	}
	if (count(r, e->start_mark, 1))
		return NULL;
	r->depth++;
	v = content(r, e);
	r->depth--;
	if (v && anchor)
		(void)json_object_set_new(r->anchors, anchor,
		    json_pack("{s:O, s:I}", "v", v, "n",
			(json_int_t)(r->values - before)));
	return v;
}

/* From the start of the stream to its end: one document. */
static json_t *
stream(struct reader *r)
{
	json_t *v = NULL;
	yaml_event_t e;
	bool end = false;

	while (!end && next(r, &e) == 0) {
		switch (e.type) {
		case YAML_STREAM_START_EVENT:
		case YAML_DOCUMENT_END_EVENT:
			break;
		case YAML_DOCUMENT_START_EVENT:
			if (v)
				(void)fail(r, e.start_mark,
				    "a second document, where one is "
				    "expected");
			end = v != NULL;
			break;
		case YAML_STREAM_END_EVENT:
			v = v ? v : json_null();
			end = true;
			break;
		default:
			v = value(r, &e);
			end = v == NULL;
		}
		yaml_event_delete(&e);
	}
	if (r->err->code != FM_OK) {
		json_decref(v);
		return NULL;
	}
	return v;
}

static json_t *
parse(const char *text, size_t len, const char *name, const char *wanted,
    int *line, struct fm_err *err)
{
	struct reader r = { .text = text,
		.name = name,
		.err = err,
		.anchors = json_object(),
		.path = FM_BUF_INIT,
		.wanted = wanted };
	json_t *v = NULL;

	if (!yaml_parser_initialize(&r.parser)) {
		(void)fm_err_set(err, FM_INTERNAL, "%s: no YAML parser", name);
	} else {
		yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
		yaml_parser_set_input_string(
		    &r.parser, (const unsigned char *)text, len);
		v = stream(&r);
		yaml_parser_delete(&r.parser);
	}
	*line = r.line;
	json_decref(r.anchors);
	fm_buf_release(&r.path);
	return v;
}

json_t *
fm_yaml_parse(
    const char *text, size_t len, const char *name, struct fm_err *err)
{
	int line;

	return parse(text, len, name, NULL, &line, err);
}

json_t *
fm_yaml_read_file(const char *path, struct fm_err *err)
{
	struct fm_buf b = FM_BUF_INIT;
	json_t *v = NULL;

	if (fm_io_read_file(path, &b, err) == 0)
		v = fm_yaml_parse(b.s, b.len, path, err);
	fm_buf_release(&b);
	return v;
}

int
fm_yaml_line(const char *text, size_t len, const char *path)
{
	struct fm_err err = FM_ERR_INIT;
	int line;

	json_decref(parse(text, len, "", path, &line, &err));
	return line;
}
