/*
 * What is printed from an option table: --help, the SYNOPSIS and the list of
 * a man page, bash completion.
 */
#include <stdio.h>
#include <string.h>

#include "buf.h"
#include "opt.h"

enum {
	WIDTH = 79,
	COLUMN = 30
};

/* Wraps text into lines that begin at `column`; the first is begun. */
static void
put_wrapped(struct fm_buf *b, const char *s, int column)
{
	int at = column;

	while (*s) {
		int n = (int)strcspn(s, " ");

		if (at > column && at + 1 + n > WIDTH) {
			fm_buf_printf(b, "\n%*s", column, "");
			at = column;
		} else if (at > column) {
			fm_buf_putc(b, ' ');
			at++;
		}
		fm_buf_put(b, s, (size_t)n);
		at += n;
		s += n + (s[n] == ' ');
	}
	fm_buf_putc(b, '\n');
}

/* The placeholder: given, or the choices; "" for a flag. */
static void
put_arg(struct fm_buf *b, const struct fm_opt *o)
{
	int i;

	if (o->type == FM_OPT_FLAG)
		return;
	if (o->arg || !o->choices) {
		fm_buf_puts(b, o->arg ? o->arg : "VALUE");
		return;
	}
	for (i = 0; o->choices[i]; i++)
		fm_buf_printf(b, "%s%s", i ? "|" : "", o->choices[i]);
}

/* The sentence, the other names, and the default. */
static void
put_meaning(struct fm_buf *b, const struct fm_opt *o)
{
	const char *at = o->alias;

	fm_buf_puts(b, o->help);
	if (at) {
		fm_buf_puts(b, " (also");
		while (*at) {
			size_t n = strcspn(at, " ");

			fm_buf_printf(b, " --%.*s", (int)n, at);
			at += n + (at[n] == ' ');
			if (*at)
				fm_buf_putc(b, ',');
		}
		fm_buf_putc(b, ')');
	}
	if (o->def && o->type != FM_OPT_FLAG)
		fm_buf_printf(b, " [%s]", o->def);
}

static void
put_row(struct fm_buf *b, const struct fm_opt *o)
{
	struct fm_buf text = FM_BUF_INIT;
	size_t start = b->len, used;

	if (o->letter)
		fm_buf_printf(b, "  -%c, --%s", o->letter, o->name);
	else
		fm_buf_printf(b, "      --%s", o->name);
	if (o->type != FM_OPT_FLAG)
		fm_buf_putc(b, ' ');
	put_arg(b, o);
	used = b->len - start;
	if (used + 2 > COLUMN)
		fm_buf_printf(b, "\n%*s", COLUMN, "");
	else
		fm_buf_printf(b, "%*s", COLUMN - (int)used, "");
	put_meaning(&text, o);
	put_wrapped(b, text.s, COLUMN);
	fm_buf_release(&text);
}

void
fm_opt_put_help(struct fm_buf *b, const struct fm_cmd *cmd)
{
	const struct fm_cmd *sub;
	const struct fm_opt *o;

	fm_buf_printf(b, "Usage: %s [OPTION ...] %s\n", cmd->name, cmd->args);
	put_wrapped(b, cmd->brief, 0);
	if (cmd->subs) {
		fm_buf_puts(b, "\nCommands:\n");
		for (sub = cmd->subs; sub->name; sub++) {
			fm_buf_printf(b, "  %-*s", COLUMN - 2, sub->name);
			put_wrapped(b, sub->brief, COLUMN);
		}
	}
	if (cmd->opts->type != FM_OPT_HEAD)
		fm_buf_puts(b, "\nOptions:\n");
	for (o = cmd->opts; o->name; o++)
		if (o->type == FM_OPT_HEAD)
			fm_buf_printf(b, "\n%s:\n", o->help);
		else
			put_row(b, o);
	fm_buf_printf(b, "      --%-*sthis text\n", COLUMN - 8, "help");
	fm_buf_printf(b, "      --%-*sits version\n", COLUMN - 8, "version");
	if (cmd->epilog) {
		fm_buf_putc(b, '\n');
		put_wrapped(b, cmd->epilog, 0);
	}
}

/* Text for mdoc: backslashes and quotes kept from being read as markup. */
static void
put_mdoc(struct fm_buf *b, const char *s)
{
	if (*s == '.' || *s == '\'')
		fm_buf_puts(b, "\\&");
	for (; *s; s++) {
		if (*s == '\\')
			fm_buf_puts(b, "\\e");
		else if (*s == '"')
			fm_buf_puts(b, "\\(dq");
		else
			fm_buf_putc(b, *s);
	}
}

static void
put_mdoc_flag(struct fm_buf *b, const struct fm_opt *o, const char *macro)
{
	struct fm_buf arg = FM_BUF_INIT;

	fm_buf_printf(b, ".%s ", macro);
	if (o->letter)
		fm_buf_printf(b, "Fl %c , ", o->letter);
	fm_buf_printf(b, "Fl -%s", o->name);
	put_arg(&arg, o);
	if (arg.len) {
		fm_buf_puts(b, " Ar \"");
		put_mdoc(b, arg.s);
		fm_buf_putc(b, '"');
	}
	fm_buf_putc(b, '\n');
	fm_buf_release(&arg);
}

void
fm_opt_put_synopsis(struct fm_buf *b, const struct fm_cmd *cmd)
{
	const struct fm_opt *o;

	fm_buf_printf(b, ".Nm %s\n", cmd->name);
	for (o = cmd->opts; o->name; o++)
		if (o->type != FM_OPT_HEAD)
			put_mdoc_flag(b, o, "Op");
	if (*cmd->args) {
		fm_buf_puts(b, ".Ar \"");
		put_mdoc(b, cmd->args);
		fm_buf_puts(b, "\"\n");
	}
}

void
fm_opt_put_mdoc(struct fm_buf *b, const struct fm_cmd *cmd)
{
	struct fm_buf text = FM_BUF_INIT;
	const struct fm_opt *o;

	if (cmd->opts->type != FM_OPT_HEAD)
		fm_buf_puts(b, ".Bl -tag -width Ds\n");
	for (o = cmd->opts; o->name; o++) {
		if (o->type == FM_OPT_HEAD) {
			fm_buf_printf(b, "%s.Ss %s\n.Bl -tag -width Ds\n",
			    o > cmd->opts ? ".El\n" : "", o->help);
			continue;
		}
		put_mdoc_flag(b, o, "It");
		fm_buf_clear(&text);
		put_meaning(&text, o);
		put_mdoc(b, text.s);
		fm_buf_puts(b, ".\n");
	}
	fm_buf_puts(b, ".It Fl -help\nPrints a summary of the options.\n");
	fm_buf_puts(b, ".It Fl -version\nPrints the version.\n.El\n");
	fm_buf_release(&text);
}

static void
put_words(struct fm_buf *b, const struct fm_cmd *cmd)
{
	const struct fm_opt *o;

	for (o = cmd->opts; o->name; o++)
		if (o->type != FM_OPT_HEAD)
			fm_buf_printf(b, "--%s ", o->name);
	fm_buf_puts(b, "--help --version");
}

static void
put_values(struct fm_buf *b, const struct fm_cmd *cmd)
{
	const struct fm_opt *o;
	int i;

	for (o = cmd->opts; o->name; o++) {
		if (o->type != FM_OPT_CHOICE)
			continue;
		fm_buf_printf(b, "\t--%s) words=\"", o->name);
		for (i = 0; o->choices[i]; i++)
			fm_buf_printf(b, "%s%s", i ? " " : "", o->choices[i]);
		fm_buf_puts(b, "\" ;;\n");
	}
}

static void
put_subs(struct fm_buf *b, const struct fm_cmd *cmd)
{
	const struct fm_cmd *sub;

	if (!cmd->subs)
		return;
	fm_buf_puts(b, "\tcase ${COMP_WORDS[1]} in\n");
	for (sub = cmd->subs; sub->name; sub++) {
		const char *space = strrchr(sub->name, ' ');

		fm_buf_printf(b, "\t%s) words=\"", space ? space + 1 : "");
		put_words(b, sub);
		fm_buf_puts(b, "\" ;;\n");
	}
	fm_buf_puts(b, "\tesac\n\t[ \"$COMP_CWORD\" = 1 ] && words=\"");
	for (sub = cmd->subs; sub->name; sub++) {
		const char *space = strrchr(sub->name, ' ');

		fm_buf_printf(b, "%s ", space ? space + 1 : "");
	}
	fm_buf_puts(b, "--help --version\"\n");
}

void
fm_opt_put_completion(struct fm_buf *b, const struct fm_cmd *cmd)
{
	struct fm_buf f = FM_BUF_INIT;
	size_t i;

	fm_buf_printf(&f, "_%s", cmd->name);
	for (i = 0; i < f.len; i++)
		if (f.s[i] == '-')
			f.s[i] = '_';
	fm_buf_printf(b,
	    "# bash completion for %s, made by %s --bash_completion\n"
	    "# shellcheck shell=bash disable=SC2207\n"
	    "%s() {\n"
	    "\tlocal words cur=${COMP_WORDS[COMP_CWORD]}\n"
	    "\twords=\"",
	    cmd->name, cmd->name, f.s);
	put_words(b, cmd);
	fm_buf_puts(b, "\"\n");
	put_subs(b, cmd);
	fm_buf_puts(b, "\tcase ${COMP_WORDS[COMP_CWORD-1]} in\n");
	put_values(b, cmd);
	fm_buf_puts(b, "\t*) [[ $cur == -* || -n ${COMP_WORDS[1]} ]] || "
		       "words= ;;\n\tesac\n"
		       "\tCOMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
		       "}\n");
	fm_buf_printf(b, "complete -o default -F %s %s\n", f.s, cmd->name);
	fm_buf_release(&f);
}
