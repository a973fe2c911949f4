/*
 * The commands of fm-cache and their options.
 */
#include "conf.h"

#include <stddef.h>

#define AT(member) offsetof(struct conf, member)
#define DIR_OPT                                                                \
	{                                                                      \
		"cache_dir", 'd', NULL, FM_OPT_LIST, AT(dirs), "DIR", NULL, 0, \
		    0, NULL, "the cache [$FM_CACHE_DIR, or ~/.cache/fm]"       \
	}
#define FLAG(n, l, m, h)                                                       \
	{                                                                      \
		n, l, NULL, FM_OPT_FLAG, AT(m), NULL, NULL, 0, 0, NULL, h      \
	}
#define TEXT(n, l, m, a, h)                                                    \
	{                                                                      \
		n, l, NULL, FM_OPT_STR, AT(m), a, NULL, 0, 0, NULL, h          \
	}
#define JSON_OPT FLAG("json", 0, json, "print JSON")
#define YES_OPT FLAG("yes", 'y', yes, "do not ask")
#define DRY_OPT                                                                \
	FLAG("dry_run", 'n', dry_run, "say what would be removed, and stop")

static const char *const viewers[] = { "netron", "groqview", NULL };

static const struct fm_opt none[] = { FM_OPT_END };
static const struct fm_opt plain[] = { DIR_OPT, FM_OPT_END };
static const struct fm_opt list[] = { DIR_OPT,
	FLAG("long", 'l', full, "status, size, age and model of each, too"),
	JSON_OPT, FM_OPT_END };
static const struct fm_opt stats[] = { DIR_OPT, JSON_OPT, FM_OPT_END };
static const struct fm_opt removal[] = { DIR_OPT,
	FLAG("all", 'a', all, "every build"), YES_OPT, DRY_OPT, FM_OPT_END };
static const struct fm_opt gc[] = { DIR_OPT,
	TEXT("max_size", 0, max_size, "SIZE",
	    "remove builds, least recently used first, until the others fit "
	    "into SIZE, such as 500M or 20G"),
	TEXT("older_than", 0, older_than, "AGE",
	    "remove builds not used for AGE, such as 12h, 30d or 8w"),
	YES_OPT, DRY_OPT, FM_OPT_END };
static const struct fm_opt report[] = { DIR_OPT,
	TEXT("report_dir", 'r', report_dir, "DIR",
	    "where YYYY-MM-DD.csv is written [.]"),
	FM_OPT_END };
static const struct fm_opt viewing[] = { DIR_OPT,
	{ "with", 0, NULL, FM_OPT_CHOICE, AT(viewer), NULL, "netron", 0, 0,
	    viewers, "the viewer" },
	FM_OPT_END };

static const struct fm_cmd subs[] = {
	{ "fm-cache list", "names of all builds", "", list, NULL, NULL },
	{ "fm-cache stats", "state and results of a build", "NAME", stats, NULL,
	    NULL },
	{ "fm-cache print", "the same as stats", "NAME", stats, NULL, NULL },
	{ "fm-cache path", "the folder of a build", "NAME", plain, NULL, NULL },
	{ "fm-cache location", "the folder of the cache", "", plain, NULL,
	    NULL },
	{ "fm-cache why", "why a build would be made again",
	    "NAME [OTHER | fm-driver's arguments]", plain, NULL,
	    "Alone: whether what it was made from has changed since. With the "
	    "name of another build: which inputs of the two differ. "
	    "With arguments: what would be stale if fm-driver were run with "
	    "them and --build_name NAME; put -- in front of options." },
	{ "fm-cache open", "show a build's graph in a viewer", "NAME", viewing,
	    NULL, NULL },
	{ "fm-cache verify", "compare artifacts with their hashes",
	    "[NAME ...]", plain, NULL, NULL },
	{ "fm-cache report", "a table of all builds and results", "", report,
	    NULL,
	    "--cache_dir may be given many times: the caches become one "
	    "table." },
	{ "fm-cache delete", "remove builds with their results", "[NAME ...]",
	    removal, NULL, NULL },
	{ "fm-cache clean", "remove artifacts; logs and results stay",
	    "[NAME ...]", removal, NULL, NULL },
	{ "fm-cache gc", "remove what was not used for long", "", gc, NULL,
	    NULL },
	{ "fm-cache pin", "keep builds from gc", "NAME ...", plain, NULL,
	    NULL },
	{ "fm-cache unpin", "let gc have them again", "NAME ...", plain, NULL,
	    NULL },
	{ NULL, NULL, NULL, NULL, NULL, NULL },
};

const struct fm_cmd conf_cmd = {
	"fm-cache",
	"list, explain, check, report and delete prepared models",
	"COMMAND [ARGUMENT ...]",
	none,
	subs,
	NULL,
};
