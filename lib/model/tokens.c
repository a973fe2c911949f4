/*
 * Special tokens of a tokenizer. These files are wide and only a few members
 * of them are of interest; none is needed, so nothing in them is an error.
 */
#include "model/tokens.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alloc.h"
#include "err.h"
#include "io.h"
#include "json.h"
#include "num.h"
#include "strs.h"

struct ids {
	int64_t *v;
	size_t n, cap;
};

static void
add(struct ids *l, int64_t id)
{
	FM_GROW(l->v, l->cap, l->n + 1);
	l->v[l->n++] = id;
}

static int
compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static void
add_range(json_t *ranges, int64_t lo, int64_t hi)
{
	if (lo < hi)
		(void)json_array_append_new(
		    ranges, json_pack("[I,I]", (json_int_t)lo, (json_int_t)hi));
}

json_t *
fm_tokens_fill(int64_t vocab, int64_t *special, size_t n)
{
	json_t *ranges = json_array();
	int64_t lo = 0;

	if (n)
		qsort(special, n, sizeof *special, compare);
	for (size_t i = 0; i < n && special[i] < vocab; i++) {
		if (special[i] < lo)
			continue;
		add_range(ranges, lo, special[i]);
		lo = special[i] + 1;
	}
	add_range(ranges, lo, vocab);
	if (json_array_size(ranges) == 0)
		add_range(ranges, 0, vocab);
	return json_pack("{s:o}", "tokens", ranges);
}

/* --- tokenizer.json ------------------------------------------------------ */

/* The end of the string that begins at p, which is at a quote. */
static const char *
skip_string(const char *p, const char *end)
{
	for (p++; p < end && *p != '"'; p++)
		if (*p == '\\')
			p++;
	return p < end ? p + 1 : end;
}

/* The end of the array or object that begins at p. */
static const char *
skip_nested(const char *p, const char *end)
{
	int depth = 0;

	while (p < end) {
		if (*p == '"') {
			p = skip_string(p, end);
			continue;
		}
		depth += *p == '[' || *p == '{';
		depth -= *p == ']' || *p == '}';
		p++;
		if (depth == 0)
			break;
	}
	return p;
}

/*
 * The value of a member of the outermost object, without reading the rest: a
 * tokenizer.json has megabytes of vocabulary after the few lines wanted.
 */
static json_t *
read_member(const char *p, const char *end, const char *key)
{
	size_t n = strlen(key);
	struct fm_err err = FM_ERR_INIT;

	while (p < end && *p != '{')
		p++;
	p++;
	while (p < end && *p != '}') {
		const char *s = p;

		if (*p == '[' || *p == '{') {
			p = skip_nested(p, end);
			continue;
		}
		p = *p == '"' ? skip_string(p, end) : p + 1;
		if (*s != '"' || (size_t)(p - s) != n + 2 ||
		    memcmp(s + 1, key, n) != 0)
			continue;
		while (p < end && *p != '[' && *p != '{')
			p++;
		return fm_json_parse(
		    p, (size_t)(skip_nested(p, end) - p), key, &err);
	}
	return NULL;
}

static bool
from_tokenizer(struct ids *l, const char *folder)
{
	char *path = fm_io_join(folder, "tokenizer.json");
	struct fm_err err = FM_ERR_INIT;
	struct fm_map m = { NULL, 0 };
	json_t *tokens = NULL;
	size_t before = l->n;

	if (fm_map_open(&m, path, &err) == 0 && m.n > 0) {
		const char *s = (const char *)m.p;

		tokens = read_member(s, s + m.n, "added_tokens");
	}
	for (size_t i = 0; i < json_array_size(tokens); i++) {
		const json_t *t = json_array_get(tokens, i);

		if (fm_json_bool(t, "special", false))
			add(l, fm_json_int(t, "id", -1));
	}
	json_decref(tokens);
	fm_map_release(&m);
	free(path);
	return l->n > before;
}

/* --- the other files ----------------------------------------------------- */

static json_t *
read_quietly(const char *folder, const char *name)
{
	char *path = fm_io_join(folder, name);
	struct fm_err err = FM_ERR_INIT;
	json_t *v =
	    access(path, R_OK) == 0 ? fm_json_read_file(path, &err) : NULL;

	free(path);
	return v;
}

static bool
from_tokenizer_config(struct ids *l, const char *folder)
{
	json_t *root = read_quietly(folder, "tokenizer_config.json");
	json_t *added = json_object_get(root, "added_tokens_decoder"), *t;
	size_t before = l->n;
	const char *key;
	int64_t id;

	json_object_foreach (added, key, t)
		if (fm_json_bool(t, "special", false) &&
		    fm_num_get_int(key, strlen(key), &id))
			add(l, id);
	json_decref(root);
	return l->n > before;
}

/* The text of a token, which is a string or an object with "content". */
static void
add_text(struct fm_strs *texts, const json_t *t)
{
	const char *s = json_is_string(t) ? json_string_value(t)
					  : fm_json_str(t, "content", NULL);

	if (s)
		fm_strs_add(texts, s);
}

/* vocab.txt: the id of a token is the number of its line, from 0. */
static void
look_up_lines(struct ids *l, const struct fm_strs *texts, const char *folder)
{
	char *path = fm_io_join(folder, "vocab.txt");
	struct fm_err err = FM_ERR_INIT;
	struct fm_map m = { NULL, 0 };
	const char *p, *end;

	if (access(path, R_OK) == 0)
		(void)fm_map_open(&m, path, &err);
	p = (const char *)m.p;
	end = p + m.n;
	for (int64_t id = 0; p < end; id++) {
		const char *nl = memchr(p, '\n', (size_t)(end - p));
		size_t n = (size_t)((nl ? nl : end) - p);

		n -= n > 0 && p[n - 1] == '\r';
		for (size_t i = 0; i < texts->n; i++)
			if (strlen(texts->v[i]) == n &&
			    memcmp(texts->v[i], p, n) == 0)
				add(l, id);
		p = nl ? nl + 1 : end;
	}
	fm_map_release(&m);
	free(path);
}

static bool
from_special_map(struct ids *l, const char *folder)
{
	json_t *root = read_quietly(folder, "special_tokens_map.json");
	json_t *vocab, *v;
	struct fm_strs texts = FM_STRS_INIT;
	size_t i, before = l->n;
	const char *key;

	json_object_foreach (root, key, v) {
		add_text(&texts, v);
		for (i = 0; i < json_array_size(v); i++)
			add_text(&texts, json_array_get(v, i));
	}
	vocab = texts.n ? read_quietly(folder, "vocab.json") : NULL;
	for (i = 0; i < texts.n; i++)
		add(l, fm_json_int(vocab, texts.v[i], -1));
	if (texts.n && !vocab)
		look_up_lines(l, &texts, folder);
	json_decref(vocab);
	json_decref(root);
	fm_strs_release(&texts);
	return l->n > before;
}

/* Numbers, or lists of them: eos_token_id may be one. */
static void
from_config(struct ids *l, const json_t *config)
{
	static const char *const keys[] = { "bos_token_id", "eos_token_id",
		"pad_token_id", "unk_token_id", "cls_token_id", "sep_token_id",
		"mask_token_id" };

	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		const json_t *v = json_object_get(config, keys[i]);

		if (json_is_integer(v))
			add(l, json_integer_value(v));
		for (size_t k = 0; k < json_array_size(v); k++)
			if (json_is_integer(json_array_get(v, k)))
				add(l,
				    json_integer_value(json_array_get(v, k)));
	}
}

json_t *
fm_tokens_of_folder(const char *folder, const json_t *config, int64_t vocab)
{
	struct ids l = { NULL, 0, 0 };
	json_t *fill;

	(void)(from_tokenizer(&l, folder) ||
	       from_tokenizer_config(&l, folder) ||
	       from_special_map(&l, folder));
	from_config(&l, config);
	fill = fm_tokens_fill(vocab, l.v, l.n);
	free(l.v);
	return fill;
}
