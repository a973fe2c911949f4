/*
 * FMWORK lines: telling them apart, reading and printing them. The one place
 * that knows the text of the log; fm-log(5) is written from it.
 *
 * Printing appends one line with its end to a buffer. Reading takes a line
 * without its end and changes nothing.
 */
#ifndef FM_RECORD_H
#define FM_RECORD_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"

struct fm_buf;

enum fm_tag {
	FM_TAG_NONE,  /* not an FMWORK line */
	FM_TAG_OTHER, /* an FMWORK line with a tag that is not listed here */
	FM_TAG_ARG,
	FM_TAG_EXP,
	FM_TAG_ENV,
	FM_TAG_SYS,
	FM_TAG_STAGE,
	FM_TAG_SETUP,
	FM_TAG_KEY,
	FM_TAG_REP,
	FM_TAG_RES,
	FM_TAG_GEN,
	FM_TAG_TOK,
	FM_TAG_GAP,
	FM_TAG_OBS,
	FM_TAG_SIM,
	FM_TAG_FAIL,
	FM_TAG_ERR,
	FM_TAG_OK,
	FM_TAG_HELLO,
	FM_TAG_CAP,
	FM_TAG_OPT,
	FM_TAG_DEV,
	FM_TAG_PROG,
	FM_TAG_DATASET,
	FM_TAG_OLD,
	FM_TAG_DT,
	FM_TAG_TXT,
	FM_TAG_OUT,
	FM_TAG_POS,
	FM_TAG_RESUME,
	FM_TAGS
};

/* One timed repetition of embed/tf. */
struct fm_rep {
	int64_t rep;   /* from 1 */
	int64_t reps;  /* planned, 0 = not known beforehand */
	int64_t t0_ns; /* since the epoch (or since boot, in old logs) */
	int64_t t1_ns;
	int64_t dt_ns; /* t1 - t0 */
};

/* The summary of a point of embed/tf. */
struct fm_res {
	int64_t t0_ns; /* start of the first repetition */
	int64_t t1_ns; /* end of the last */
	const char *model, *model_class;
	int64_t input; /* tokens */
	int64_t batch; /* sequences */
	double med_s;  /* median seconds per batch */
};

/*
 * Where a driver that was killed is followed by one that goes on: at the end
 * of the line that was cut, or a line of its own.
 */
#define FM_RECORD_RESUME "FMWORK RESUME"
bool fm_record_is_resume(const char *line, size_t len);

/* The tag of a line; `*body` is set to what follows the tag and a space. */
enum fm_tag fm_record_tag(const char *line, size_t len, const char **body);
/* "REP" … */
const char *fm_tag_word(enum fm_tag tag);

bool fm_record_get_rep(const char *line, size_t len, struct fm_rep *r);
void fm_record_put_rep(struct fm_buf *b, const struct fm_rep *r);
void fm_record_put_res(struct fm_buf *b, const struct fm_res *r);

/* FMWORK ERR <code> <input> <output> <batch> <text> */
struct fm_err_line {
	enum fm_code code;
	int64_t input, output, batch;
	const char *text; /* points into the line when read */
	size_t text_len;
};
bool fm_record_get_err(const char *line, size_t len, struct fm_err_line *e);
void fm_record_put_err(struct fm_buf *b, enum fm_code code, int64_t input,
    int64_t output, int64_t batch, const char *text);

/* FMWORK <tag> <text> */
void fm_record_put_text(struct fm_buf *b, enum fm_tag tag, const char *text);
/* FMWORK <tag> <json> on one line */
void fm_record_put_json(struct fm_buf *b, enum fm_tag tag, const json_t *v);
/* FMWORK <tag> <input> <output> <batch> <json> on one line */
void fm_record_put_at(struct fm_buf *b, enum fm_tag tag, int64_t input,
    int64_t output, int64_t batch, const json_t *v);
/* FMWORK SETUP <seconds, 6 decimals> */
void fm_record_put_setup(struct fm_buf *b, int64_t ns);

#endif
