/*
 * --cpus: the CPUs that each lane's backend is pinned to.
 */
#ifndef PIN_H
#define PIN_H

#include <jansson.h>

struct fm_err;
struct fm_strs;

/*
 * Reads "0-3:4-7", a list for each lane, into one string for each, as the
 * kernel would write it. A CPU that is in two lists is refused.
 */
int pin_read(struct fm_strs *lanes, const char *text, struct fm_err *err);

/* The CPUs of a list, each a number. */
json_t *pin_numbers(const char *list);

#endif
