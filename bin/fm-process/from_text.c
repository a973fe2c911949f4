/*
 * Numbers behind words, in what tools print for people.
 */
#include "from_text.h"

#include <math.h>
#include <string.h>

#include "num.h"

bool
from_line(const struct fm_buf *b, const char **at, struct fm_text *line)
{
	const char *s = *at ? *at : b->s, *end = b->s + b->len, *nl;

	if (s >= end)
		return false;
	nl = memchr(s, '\n', (size_t)(end - s));
	line->s = s;
	line->n = (size_t)((nl ? nl : end) - s);
	*at = s + line->n + 1;
	if (line->n && s[line->n - 1] == '\r')
		line->n--;
	return true;
}

const char *
from_after(struct fm_text line, const char *word)
{
	size_t n = strlen(word), i;

	for (i = 0; i + n <= line.n; i++)
		if (memcmp(line.s + i, word, n) == 0)
			return line.s + i + n;
	return NULL;
}

double
from_number(struct fm_text line, const char *word)
{
	const char *s = from_after(line, word), *end = line.s + line.n;
	size_t n = 0;
	double v;

	while (s && s < end && *s == ' ')
		s++;
	while (s && s + n < end && strchr("+-.0123456789eE", s[n]))
		n++;
	/* The unit may begin with an e; no number ends with one. */
	while (n && strchr("eE+-", s[n - 1]))
		n--;
	return n && fm_num_get_double(s, n, &v) ? v : (double)NAN;
}
