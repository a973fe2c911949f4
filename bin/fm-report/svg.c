/*
 * A walk over the elements of an SVG file. What gnuplot writes is known well
 * enough to be cut with string functions; text in it is quoted by gnuplot.
 */
#include "svg.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "num.h"
#include "quote.h"

struct walk {
	struct fm_buf *b;
	const char *name;
	const struct fm_strs *series;
	char hover[200]; /* what the element just begun shows, "" = nothing */
};

static bool
begins(const char *s, const char *word)
{
	return strncmp(s, word, strlen(word)) == 0;
}

/* "2|8|1.5|1.4|1.6" as people read it. */
static void
put_hover(struct walk *w)
{
	struct fm_strs part = FM_STRS_INIT;
	int64_t i;

	fm_strs_split(&part, w->hover, "|");
	if (part.n >= 3 && fm_num_get_int(part.v[0], strlen(part.v[0]), &i) &&
	    i >= 1 && (size_t)i <= w->series->n) {
		fm_buf_puts(w->b, "<title>");
		if (*w->series->v[i - 1]) {
			quote_html(w->b, w->series->v[i - 1]);
			fm_buf_puts(w->b, ": ");
		}
		fm_buf_puts(w->b, "at ");
		quote_html(w->b, part.v[1]);
		fm_buf_puts(w->b, ": ");
		quote_html(w->b, part.v[2]);
		if (part.n == 5 && strcmp(part.v[3], part.v[4]) != 0) {
			fm_buf_puts(w->b, " (");
			quote_html(w->b, part.v[3]);
			fm_buf_puts(w->b, " to ");
			quote_html(w->b, part.v[4]);
			fm_buf_putc(w->b, ')');
		}
		fm_buf_puts(w->b, "</title>");
	}
	fm_strs_release(&part);
}

/* One attribute at s, its value in `quote`: where it ends. */
static const char *
attribute(struct walk *w, const char *s)
{
	size_t n = strcspn(s, "=> \t\n");
	const char *value = s + n + 2, *end;

	if (s[n] != '=' || (s[n + 1] != '"' && s[n + 1] != '\'')) {
		fm_buf_put(w->b, s, n ? n : 1);
		return s + (n ? n : 1);
	}
	end = strchr(value, s[n + 1]);
	if (!end)
		return s + strlen(s);
	if (begins(s, "onmousemove=")) {
		const char *text = strstr(value, "Hypertext(evt,'");

		if (text && text < end) {
			size_t len;

			text += strlen("Hypertext(evt,'");
			len = strcspn(text, "'");
			if (len < sizeof w->hover) {
				memcpy(w->hover, text, len);
				w->hover[len] = '\0';
			}
		}
	} else if (begins(s, "id=")) {
		fm_buf_printf(
		    w->b, "id=\"%s-%.*s\"", w->name, (int)(end - value), value);
	} else if (begins(s, "xlink:href=") && *value == '#') {
		fm_buf_printf(w->b, "xlink:href=\"#%s-%.*s\"", w->name,
		    (int)(end - value - 1), value + 1);
	} else if (!begins(s, "on") && !begins(s, "xlink:href=")) {
		fm_buf_put(w->b, s, (size_t)(end + 1 - s));
	}
	return end + 1;
}

/* A tag from its '<': copied with what is allowed in it. */
static const char *
tag(struct walk *w, const char *s)
{
	w->hover[0] = '\0';
	fm_buf_putc(w->b, *s++);
	while (*s && *s != '>' && !strchr(" \t\n", *s))
		fm_buf_putc(w->b, *s++);
	while (*s && *s != '>') {
		if (strchr(" \t\n/", *s))
			fm_buf_putc(w->b, *s++);
		else
			s = attribute(w, s);
	}
	if (*s)
		fm_buf_putc(w->b, *s++);
	if (*w->hover)
		put_hover(w);
	return s;
}

/* Behind an element that is left out, whatever is in it. */
static const char *
leave_out(const char *s, const char *end_tag)
{
	const char *close = strchr(s, '>'), *end;

	if (!close)
		return s + strlen(s);
	if (close[-1] == '/')
		return close + 1;
	end = strstr(s, end_tag);
	return end ? end + strlen(end_tag) : s + strlen(s);
}

void
svg_inline(struct fm_buf *b, const char *svg, const char *name,
    const struct fm_strs *series)
{
	struct walk w = { b, name, series, "" };
	const char *s = strstr(svg, "<svg");

	while (s && *s) {
		if (*s != '<') {
			fm_buf_putc(b, *s++);
		} else if (begins(s, "<script")) {
			s = leave_out(s, "</script>");
		} else if (begins(s, "<title")) {
			s = leave_out(s, "</title>");
		} else if (begins(s, "<desc")) {
			s = leave_out(s, "</desc>");
		} else if (begins(s, "<style")) {
			s = leave_out(s, "</style>");
		} else if (begins(s, "<!--")) {
			s = strstr(s, "-->");
			s = s ? s + 3 : NULL;
		} else {
			s = tag(&w, s);
		}
	}
}
