/*
 * Rows of records. The columns of the full schema are fixed, so that files of
 * different days fit together; those of the other schemas are the keys of the
 * first record.
 */
#include "table.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "buf.h"
#include "record_form.h"

/* Columns and their SQL types: Text, Integer, Real, Boolean. */
static const struct {
	const char *name;
	char type;
} columns[] = { { "timestamp", 'T' }, { "metadata_id", 'T' }, { "engine", 'T' },
	{ "model", 'T' }, { "precision", 'T' }, { "input", 'I' },
	{ "output", 'I' }, { "batch", 'I' }, { "tp", 'I' }, { "opts", 'T' },
	{ "warmup", 'R' }, { "setup", 'R' }, { "ttft", 'R' }, { "itl", 'R' },
	{ "thp", 'R' }, { "schema", 'I' }, { "status", 'T' },
	{ "error_msg", 'T' }, { "notes", 'T' }, { "model_class", 'T' },
	{ "platform", 'T' }, { "backend", 'T' }, { "device", 'T' },
	{ "host", 'T' }, { "time_end", 'T' }, { "key", 'T' }, { "sys_id", 'T' },
	{ "simulated", 'B' }, { "run_id", 'T' }, { "stats.n", 'I' },
	{ "stats.dropped", 'I' }, { "stats.rule", 'T' }, { "stats.first", 'R' },
	{ "stats.mean", 'R' }, { "stats.sd", 'R' }, { "stats.median", 'R' },
	{ "stats.mad", 'R' }, { "stats.min", 'R' }, { "stats.max", 'R' },
	{ "stats.p25", 'R' }, { "stats.p50", 'R' }, { "stats.p75", 'R' },
	{ "stats.p90", 'R' }, { "stats.p95", 'R' }, { "stats.p99", 'R' },
	{ "stats.p999", 'R' }, { "stats.ci95", 'T' }, { "stats.rho1", 'R' },
	{ "stats.ess", 'R' }, { "stats.drift.percent", 'R' },
	{ "stats.drift.lo", 'R' }, { "stats.drift.hi", 'R' },
	{ "stats.steady", 'B' }, { "stats.outliers.low_severe", 'I' },
	{ "stats.outliers.low_mild", 'I' }, { "stats.outliers.high_mild", 'I' },
	{ "stats.outliers.high_severe", 'I' }, { "noise", 'T' }, { "sim", 'T' },
	{ "failure", 'T' }, { "tokens", 'T' }, { "serving", 'T' },
	{ "sys", 'T' } };

enum {
	COLUMNS = sizeof columns / sizeof *columns
};

bool
table_knows(const char *key)
{
	size_t i;

	for (i = 0; i < COLUMNS; i++)
		if (strcmp(columns[i].name, key) == 0)
			return true;
	return strcmp(key, "stats") == 0;
}

void
table_init(struct table *t, const struct conf *c, json_t *own)
{
	const char *key;
	json_t *value;
	size_t i;

	memset(t, 0, sizeof *t);
	fm_buf_init(&t->paths);
	t->format = (enum format)c->format;
	if (c->schema != SCHEMA_FULL)
		return;
	for (i = 0; i < COLUMNS; i++)
		fm_strs_add(&t->names, columns[i].name);
	json_object_foreach (own, key, value) {
		fm_strs_add(&t->names, key);
	}
}

void
table_release(struct table *t)
{
	fm_strs_release(&t->names);
	free(t->cells);
	fm_buf_release(&t->paths);
}

/* --- the text of a record ------------------------------------------------ */

/* Where the value that begins at `p` ends. */
static const char *
skip_value(const char *p)
{
	int depth = 0;
	bool string = false;

	for (; *p; p++) {
		if (string) {
			if (*p == '\\')
				p++;
			else if (*p == '"')
				string = false;
			continue;
		}
		if (*p == '"')
			string = true;
		else if (*p == '{' || *p == '[')
			depth++;
		else if (depth == 0 && (*p == ',' || *p == '}' || *p == ']'))
			break;
		else if (*p == '}' || *p == ']')
			depth--;
	}
	return p;
}

/* The next member of an object: `*p` goes from key to key. */
static bool
next_member(const char **p, struct fm_text *key, struct fm_text *value)
{
	const char *s = *p, *end;

	if (*s == '{' || *s == ',')
		s++;
	if (*s != '"')
		return false;
	end = skip_value(s); /* key and value have no comma between them */
	key->s = s + 1;
	for (s++; *s != '"'; s++)
		if (*s == '\\')
			s++;
	key->n = (size_t)(s - key->s);
	value->s = s + 2;
	value->n = (size_t)(end - value->s);
	*p = end;
	return true;
}

/*
 * All members of a record from left to right; those within `stats` after it,
 * under their names with dots. Paths have room for the whole record, so that
 * they do not move.
 */
static void
add_cells(struct table *t, struct fm_text above, const char *p)
{
	struct fm_text key, value;

	while (next_member(&p, &key, &value)) {
		if (above.n) {
			const char *path = t->paths.s + t->paths.len;

			fm_buf_put(&t->paths, above.s, above.n);
			fm_buf_putc(&t->paths, '.');
			fm_buf_put(&t->paths, key.s, key.n);
			key = (struct fm_text){ path, above.n + 1 + key.n };
		}
		FM_GROW(t->cells, t->cap, t->n + 1);
		t->cells[t->n++] = (struct cell){ key, value };
		if (*value.s == '{' &&
		    (above.n || (key.n == 5 && !memcmp(key.s, "stats", 5))))
			add_cells(t, key, value.s);
	}
}

static void
read_cells(struct table *t, const char *record)
{
	t->n = t->next = 0;
	fm_buf_clear(&t->paths);
	(void)fm_buf_reserve(&t->paths, 16 * strlen(record));
	add_cells(t, (struct fm_text){ NULL, 0 }, record);
}

/* The value under a name with dots, or s = NULL. Members come in the order of
 * the columns, so it mostly is the next one. */
static struct fm_text
find(struct table *t, const char *name)
{
	size_t n = strlen(name), i, k;

	for (k = 0; k < t->n; k++) {
		i = t->next + k < t->n ? t->next + k : t->next + k - t->n;
		if (t->cells[i].name.n == n &&
		    memcmp(t->cells[i].name.s, name, n) == 0) {
			t->next = i + 1 < t->n ? i + 1 : 0;
			return t->cells[i].value;
		}
	}
	return (struct fm_text){ NULL, 0 };
}

/* A string as text; other values as they are; null as nothing. */
static bool
plain(struct fm_text value, struct fm_buf *text)
{
	json_t *v;

	fm_buf_clear(text);
	if (value.s == NULL || *value.s == 'n')
		return false;
	if (*value.s != '"') {
		fm_buf_put(text, value.s, value.n);
		return true;
	}
	if (memchr(value.s, '\\', value.n) == NULL) {
		fm_buf_put(text, value.s + 1, value.n - 2);
		return true;
	}
	v = json_loadb(
	    value.s, value.n, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
	if (v)
		fm_buf_put(text, json_string_value(v), json_string_length(v));
	json_decref(v);
	return v != NULL;
}

/* --- CSV, TSV ------------------------------------------------------------ */

/* RFC 4180 */
static void
put_csv(struct fm_buf *b, const struct fm_buf *t)
{
	size_t i;

	if (t->len && strcspn(t->s, ",\"\r\n") == t->len && t->s[0] != ' ' &&
	    t->s[t->len - 1] != ' ') {
		fm_buf_put(b, t->s, t->len);
		return;
	}
	fm_buf_putc(b, '"');
	for (i = 0; i < t->len; i++) {
		if (t->s[i] == '"')
			fm_buf_putc(b, '"');
		fm_buf_putc(b, t->s[i]);
	}
	fm_buf_putc(b, '"');
}

/* What would break the row is written as in C. */
static void
put_tsv(struct fm_buf *b, const struct fm_buf *t)
{
	static const char from[] = "\t\n\r\\", to[] = "tnr\\";
	const char *p;
	size_t i;

	for (i = 0; i < t->len; i++) {
		p = t->s[i] ? strchr(from, t->s[i]) : NULL;
		if (p) {
			fm_buf_putc(b, '\\');
			fm_buf_putc(b, to[p - from]);
		} else {
			fm_buf_putc(b, t->s[i]);
		}
	}
}

/* --- SQL ----------------------------------------------------------------- */

static void
put_sql(struct fm_buf *b, const struct fm_buf *t, char first)
{
	size_t i;

	if (first != '"' && first != '[' && first != '{') {
		fm_buf_put(b, t->s, t->len);
		return;
	}
	fm_buf_putc(b, '\'');
	for (i = 0; i < t->len; i++) {
		if (t->s[i] == '\'')
			fm_buf_putc(b, '\'');
		if (t->s[i]) /* no database keeps a NUL */
			fm_buf_putc(b, t->s[i]);
	}
	fm_buf_putc(b, '\'');
}

static const char *
sql_type(struct table *t, const char *name)
{
	struct fm_text v;
	size_t i;

	for (i = 0; i < COLUMNS; i++)
		if (strcmp(columns[i].name, name) == 0)
			return columns[i].type == 'I'   ? "BIGINT"
			       : columns[i].type == 'R' ? "DOUBLE PRECISION"
			       : columns[i].type == 'B' ? "BOOLEAN"
							: "TEXT";
	v = find(t, name);
	return v.s && strchr("-0123456789", *v.s) ? "DOUBLE PRECISION" : "TEXT";
}

/* A column's name: dots would make it a schema's. */
static void
put_name(struct fm_buf *b, const char *name)
{
	fm_buf_putc(b, '"');
	for (; *name; name++) {
		if (*name == '"')
			fm_buf_putc(b, '"');
		fm_buf_putc(b, *name == '.' ? '_' : *name);
	}
	fm_buf_putc(b, '"');
}

static void
sql_begin(struct table *t, struct fm_buf *b)
{
	size_t i;

	fm_buf_puts(b, "BEGIN;\nCREATE TABLE IF NOT EXISTS fm_records (\n");
	for (i = 0; i < t->names.n; i++) {
		fm_buf_puts(b, i ? ",\n\t" : "\t");
		put_name(b, t->names.v[i]);
		fm_buf_printf(b, " %s", sql_type(t, t->names.v[i]));
	}
	fm_buf_puts(b, "\n);\n");
}

static void
sql_row(struct table *t, struct fm_buf *b)
{
	struct fm_buf text = FM_BUF_INIT;
	size_t i;

	fm_buf_puts(b, "INSERT INTO fm_records (");
	for (i = 0; i < t->names.n; i++) {
		if (i)
			fm_buf_puts(b, ", ");
		put_name(b, t->names.v[i]);
	}
	fm_buf_puts(b, ") VALUES (");
	for (i = 0; i < t->names.n; i++) {
		struct fm_text v = find(t, t->names.v[i]);

		if (i)
			fm_buf_puts(b, ", ");
		if (plain(v, &text) && strcmp(text.s, "NaN") != 0 &&
		    strstr(text.s, "Infinity") == NULL)
			put_sql(b, &text, *v.s);
		else
			fm_buf_puts(b, "NULL");
	}
	fm_buf_puts(b, ");\n");
	fm_buf_release(&text);
}

/* --- all of them --------------------------------------------------------- */

void
table_begin(struct table *t, struct fm_buf *b, const char *record)
{
	struct fm_text key, value;
	const char *p = record;
	size_t i;

	if (t->begun)
		return;
	t->begun = true;
	if (t->names.n == 0)
		while (next_member(&p, &key, &value))
			fm_strs_add_take(&t->names, fm_strndup(key.s, key.n));
	if (t->format == FORMAT_SQL) {
		read_cells(t, record);
		sql_begin(t, b);
		return;
	}
	for (i = 0; i < t->names.n; i++) {
		if (i)
			fm_buf_putc(b, t->format == FORMAT_CSV ? ',' : '\t');
		fm_buf_puts(b, t->names.v[i]);
	}
	fm_buf_putc(b, '\n');
}

void
table_row(struct table *t, struct fm_buf *b, const char *record)
{
	struct fm_buf text = FM_BUF_INIT;
	size_t i;

	read_cells(t, record);
	if (t->format == FORMAT_SQL) {
		sql_row(t, b);
		return;
	}
	for (i = 0; i < t->names.n; i++) {
		bool any = plain(find(t, t->names.v[i]), &text);

		if (i)
			fm_buf_putc(b, t->format == FORMAT_CSV ? ',' : '\t');
		if (any && t->format == FORMAT_CSV)
			put_csv(b, &text);
		else if (any)
			put_tsv(b, &text);
	}
	fm_buf_putc(b, '\n');
	fm_buf_release(&text);
}

void
table_end(struct table *t, struct fm_buf *b)
{
	table_begin(t, b, "");
	if (t->format == FORMAT_SQL)
		fm_buf_puts(b, "COMMIT;\n");
}
