/*
 * What a simulation leaves out without being asked to: told, or refused.
 */
#include "check.h"

#include "sim.h"
#include "step.h"

static void
join(struct fm_buf *b, const struct fm_strs *l)
{
	size_t i;

	for (i = 0; i < l->n && i < 8; i++)
		fm_buf_printf(b, "%s%s", i ? ", " : "", l->v[i]);
	if (l->n > i)
		fm_buf_printf(b, " and %zu more", l->n - i);
}

/* Names that meet nothing: told, or refused. */
int
check_names(struct fm_backend *b, bool strict, struct fm_err *err)
{
	const struct sim *s = b->self;
	const struct {
		const struct fm_strs *l;
		const char *what;
	} lists[] = {
		{ &s->mapping.unused, "keys that no layer answers to" },
		{ &s->mapping.unmapped, "layers without a device" },
	};
	size_t i;

	for (i = 0; i < sizeof lists / sizeof *lists; i++) {
		struct fm_buf names = FM_BUF_INIT;
		int rc = 0;

		join(&names, lists[i].l);
		if (lists[i].l->n && strict)
			rc = fm_err_set(err, FM_USAGE, "mapping '%s': %s: %s",
			    s->mapping.name, lists[i].what, names.s);
		else if (lists[i].l->n)
			fm_backend_say(b, "FMWORK SAY mapping '%s': %s: %s",
			    s->mapping.name, lists[i].what, names.s);
		fm_buf_release(&names);
		if (rc != 0)
			return -1;
	}
	return 0;
}

/* FLOP of layers at a sequence of 128 tokens, a size like any other. */
static double
flop(const struct fm_layer *v, size_t n)
{
	const struct pass p = { DT_BFLOAT16, 1, 1, 128, 128 };
	double sum = 0;
	size_t i;

	for (i = 0; i < n; i++) {
		struct step s = { .layer = &v[i],
			.heads = v[i].heads,
			.kv_heads = v[i].kv_heads,
			.window = v[i].window };

		sum += step_flop(&s, &p);
	}
	return sum;
}

/* The part of an ONNX graph whose cost is not known. */
int
check_cover(struct fm_backend *b, bool strict, struct fm_err *err)
{
	const struct fm_layers *l = &((struct sim *)b->self)->layers;
	double lost = flop(l->guesses, l->n_guesses);
	int64_t blind = l->missed - (int64_t)l->n_guesses;
	struct fm_buf text = FM_BUF_INIT;
	int rc = 0;

	if (l->missed == 0)
		return 0;
	fm_buf_printf(&text,
	    "%lld of %lld operations (%.1f %%), with about %.1f %% of all FLOP",
	    (long long)l->missed, (long long)l->nodes,
	    100.0 * (double)l->missed / (double)l->nodes,
	    100 * lost / (lost + flop(l->v, l->n) + 1e-9));
	if (blind)
		fm_buf_printf(&text, " and %lld whose size is not known either",
		    (long long)blind);
	fm_buf_puts(&text, ", are not covered");
	fm_buf_puts(&text, strict ? ": " : ", their time is missing: ");
	join(&text, &l->missed_ops);
	if (strict)
		rc = fm_err_set(err, FM_USAGE, "%s", text.s);
	else
		fm_backend_say(b, "FMWORK SAY %s", text.s);
	fm_buf_release(&text);
	return rc;
}
