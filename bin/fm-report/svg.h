/*
 * gnuplot's SVG, made fit to stand inside a page.
 */
#ifndef SVG_H
#define SVG_H

#include "buf.h"
#include "strs.h"

/*
 * Appends the picture: only its <svg> element, without scripts, handlers and
 * titles; its ids begin with `name`. Where gnuplot would show "2|x|y|lo|hi",
 * the point gets a title with the name of series 2 and those values.
 */
void svg_inline(struct fm_buf *b, const char *svg, const char *name,
    const struct fm_strs *series);

#endif
