/*
 * The table of dialects: the form of every FMWORK line that a driver of the
 * last years prints, and of every field in it. One table reads and prints
 * them all. Values stay text: a number that came as text goes out as text.
 */
#ifndef FM_RECORD_FORM_H
#define FM_RECORD_FORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "record.h"

struct fm_buf;

/* Who printed the line. */
enum fm_dialect {
	FM_DIALECT_NONE,
	FM_DIALECT_FM,      /* ours, beyond embed/tf's lines */
	FM_DIALECT_EMBED,   /* embed/tf, v1.0.1 and later */
	FM_DIALECT_EMBED0,  /* embed/tf v1.0.0: no times in RES */
	FM_DIALECT_INFER,   /* infer/vllm v1 */
	FM_DIALECT_CLASSIC, /* before 1.0: v0.1.0, main, gaudi, spyre … */
	FM_DIALECT_OLD,     /* 2024: encoders, gaudi <= 1.21.0 */
	FM_DIALECT_NELSON,
	FM_DIALECT_ROCM,
	FM_DIALECT_VISION,    /* 2025-06, with the engine's own times */
	FM_DIALECT_VISION0,   /* before that, and gaudi's */
	FM_DIALECT_VISION_DT, /* forms 2 and 3: DT lines */
	FM_DIALECT_CEREBRAS,
	FM_DIALECT_CEREBRAS0,
	FM_DIALECTS
};

/* "embed", "classic" … */
const char *fm_dialect_name(enum fm_dialect d);
/* "fmwork/embed/tf" …: the word for the key `engine`. */
const char *fm_dialect_engine(enum fm_dialect d);

enum fm_field {
	FM_F_END, /* no field: ends a form */
	FM_F_LIT, /* a word that is always the same */
	FM_F_REP,
	FM_F_REPS,
	FM_F_T0,
	FM_F_T1,
	FM_F_NOW,
	FM_F_MODEL,
	FM_F_CLASS,
	FM_F_INPUT,
	FM_F_OUTPUT,
	FM_F_BATCH,
	FM_F_TP,
	FM_F_IN_REAL, /* tokens the engine saw */
	FM_F_OUT_REAL,
	FM_F_IMG_H,
	FM_F_IMG_W,
	FM_F_DT,  /* s, one repetition */
	FM_F_MED, /* s, or ms in embed/tf */
	FM_F_ITL, /* ms */
	FM_F_THP, /* sequences or tokens per s */
	FM_F_FULL_ITL,
	FM_F_FULL_THP,
	FM_F_MAD, /* relative, or s in vision */
	FM_F_MAD_TTFT,
	FM_F_INF,        /* s */
	FM_F_GEN,        /* s */
	FM_F_TTFT,       /* s */
	FM_F_QUEUE,      /* s */
	FM_F_PROMPT,     /* s */
	FM_F_COMPLETION, /* s */
	FM_F_SECONDS,    /* s, SETUP and DATASET */
	FM_F_TOKENS,
	FM_F_ARRIVAL, /* s, seven times of an engine's request */
	FM_F_LAST,
	FM_F_SCHEDULED,
	FM_F_FIRST,
	FM_F_QUEUED,
	FM_F_FINISHED,
	FM_F_SCHEDULER,
	FM_F_TEXT, /* the rest of the line */
	FM_FIELDS
};

struct fm_text {
	const char *s; /* points into the line; not ended by NUL */
	size_t n;      /* bytes */
};

struct fm_form;

/* A line taken apart. */
struct fm_line {
	const struct fm_form *form;
	struct fm_text f[FM_FIELDS]; /* s = NULL: the form has no such field */
};

enum fm_tag fm_form_tag(const struct fm_form *f);
enum fm_dialect fm_form_dialect(const struct fm_form *f);

/*
 * Takes `line` (without its end) apart. False: not an FMWORK line, a tag
 * without forms (SYS, KEY …), or a line that fits no form: cut, mixed with
 * another, or foreign. A model's name may contain blanks.
 */
bool fm_line_get(struct fm_line *l, const char *line, size_t len);

/* Appends the line with its end, as its driver prints it. */
void fm_line_put(struct fm_buf *b, const struct fm_line *l);

#endif
