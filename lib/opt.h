/*
 * Command lines. One static table per command gives parsing, range checks,
 * defaults (set through the same setter), --help, the SYNOPSIS of the man
 * page and bash completion.
 *
 * '-' and '_' are the same letter in names; --name value and --name=value
 * both work; unique prefixes of names are accepted; "--" ends the options.
 */
#ifndef FM_OPT_H
#define FM_OPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "strs.h"

struct fm_err;
struct fm_buf;

/* The type of an option says which member of the conf it sets. */
enum fm_opt_type {
	FM_OPT_FLAG,   /* bool; --name false and --no_name clear it */
	FM_OPT_STR,    /* const char *, points into argv, args or the table */
	FM_OPT_INT,    /* int64_t, in [min, max] */
	FM_OPT_REAL,   /* double, > 0 */
	FM_OPT_CHOICE, /* int, index into choices */
	FM_OPT_LIST,   /* struct fm_strs, one element each time it is given */
	FM_OPT_HEAD    /* no option: `help` is the title of those below it */
};

struct fm_opt {
	const char *name;  /* without "--", with '_' */
	char letter;       /* short form, 0 = none */
	const char *alias; /* other names, separated by spaces */
	enum fm_opt_type type;
	size_t off;                 /* offsetof(struct conf, member) */
	const char *arg;            /* placeholder: "N", "FILE" */
	const char *def;            /* as text, NULL = zero */
	int64_t min, max;           /* FM_OPT_INT */
	const char *const *choices; /* FM_OPT_CHOICE, NULL-terminated */
	const char *help;           /* one sentence, no full stop */
};

#define FM_OPT_TITLE(title)                                                    \
	{                                                                      \
		"", 0, NULL, FM_OPT_HEAD, 0, NULL, NULL, 0, 0, NULL, title     \
	}

#define FM_OPT_END                                                             \
	{                                                                      \
		NULL, 0, NULL, FM_OPT_FLAG, 0, NULL, NULL, 0, 0, NULL, NULL    \
	}

struct fm_cmd {
	const char *name;  /* "fm-driver", "fm-cache list" */
	const char *brief; /* one line, no full stop */
	const char *args;  /* "[MODEL]", "[FILE ...]" or "" */
	const struct fm_opt *opts;
	const struct fm_cmd *subs; /* sub-commands, ended by name NULL */
	const char *epilog;        /* last paragraph of --help, or NULL */
};

/* One option as it was given, for echoing. */
struct fm_opt_given {
	const struct fm_opt *opt; /* NULL: an extra one, see fm_opt_extra */
	char *name;               /* canonical name, or the word with "--" */
	char *value;              /* NULL for a bare flag */
};

struct fm_args {
	struct fm_strs rest;        /* what is not an option */
	struct fm_opt_given *given; /* options, in order */
	size_t n_given, cap_given;
};

#define FM_ARGS_INIT                                                           \
	{                                                                      \
		FM_STRS_INIT, NULL, 0, 0                                       \
	}
void fm_args_release(struct fm_args *a);

/* Is this unknown word an option that the program reads itself, with the
 * word after it (or after '=') as its value? NULL: there is none. */
typedef bool fm_opt_extra(const char *word);

/*
 * Sets defaults, then reads argv[1 ..]. --help, --version, --bash_completion
 * and --synopsis are answered before that, by fm_prog_start().
 */
int fm_opt_parse(const struct fm_cmd *cmd, void *conf, int argc, char **argv,
    fm_opt_extra *extra, struct fm_args *a, struct fm_err *err);

/* The sub-command that argv[1] names, or NULL. */
const struct fm_cmd *fm_opt_sub(
    const struct fm_cmd *cmd, int argc, char **argv);

/* Was it given? By canonical name. */
bool fm_opt_was(const struct fm_args *a, const char *name);

void fm_opt_put_help(struct fm_buf *b, const struct fm_cmd *cmd);
/* mdoc: the lines of the SYNOPSIS, or the list of the options. */
void fm_opt_put_synopsis(struct fm_buf *b, const struct fm_cmd *cmd);
void fm_opt_put_mdoc(struct fm_buf *b, const struct fm_cmd *cmd);
void fm_opt_put_completion(struct fm_buf *b, const struct fm_cmd *cmd);

#endif
