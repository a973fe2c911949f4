/*
 * fm-report html: one page that needs nothing but itself.
 */
#ifndef HTML_H
#define HTML_H

#include "conf.h"
#include "err.h"

int html_run(const struct conf *c, struct fm_err *err);

#endif
