/* SPDX-License-Identifier: GPL-2.0-or-later */
/* verb.h — what the verbs of netctl share: their description, their arguments, what they print.
 *
 * A verb is a row: name, help, options, function. Its words, options, messages and exit status are
 * those of virsh wherever virsh has the verb, because scripts match on them:
 *   - what is said to a person on success goes to stdout and is left out with -q;
 *   - a failure is one or two lines on stderr, each after "error: ": what was tried, then the
 * reason;
 *   - after a verb an empty line follows on stdout (not with -q, not with --json). */
#ifndef NETCTL_VERB_H
#define NETCTL_VERB_H

#include "base/err.h"
#include "base/text.h"

#include <jansson.h>

enum opt_kind {
	OPT_FLAG,   /* --name */
	OPT_TEXT,   /* --name VALUE or --name=VALUE */
	OPT_NUMBER, /* the same, a decimal number */
	OPT_WORD,   /* required; as OPT_TEXT or by its place */
	OPT_MAYBE,  /* by its place or as OPT_TEXT, not required */
	OPT_REST,   /* all words after "--" or after the last place */
	OPT_WORDS,  /* all words that no place takes, joined by blanks; other options may stand
		       between */
};
struct opt {
	const char *name; /* NULL ends the list */
	enum opt_kind kind;
	const char *help;
	const char *unless[2]; /* flags with one of which an OPT_WORD isn't required */
};

#define OPTS_MAX 16
struct args {
	const struct opt *opts;
	const char *value[OPTS_MAX]; /* by the option's row; NULL: not given; "" for a given flag */
	char *const *rest; /* OPT_REST: the words, NULL at the end; NULL when none were given */
	size_t n_words;    /* OPT_WORDS: how many, */
	struct text words; /* and all of them */
};

struct ctl;
struct verb {
	const char *name;
	const char *summary;
	const char *description;
	const struct opt *opts; /* at most OPTS_MAX */
	/* Returns the exit status. A reason left in ctl->err is printed by the caller. */
	int (*run)(struct ctl *ctl, const struct args *args);
};

struct rpc_client; /* rpc/client.h */

/* One run of the program. */
struct ctl {
	const char *root;   /* in front of /run/libvirt; "" for the host's own */
	const char *socket; /* --connect; NULL: the usual place below root */
	bool quiet, json;
	struct rpc_client *client; /* NULL until ctl_connect() */
	struct err err;            /* why the verb failed */
};

extern const struct verb network_verbs[], start_verbs[], list_verbs[], event_verbs[], lease_verbs[],
    dns_verbs[], dns_log_verbs[], update_verbs[], describe_verbs[], edit_verbs[], apply_verbs[],
    import_verbs[], history_verbs[], net_port_verbs[], guest_verbs[], port_verbs[], status_verbs[],
    rules_verbs[], dhcp_options_verbs[], help_verbs[]; /* a row without name ends each */
const struct verb *verb_find(const char *name);

/* args.c: read a verb's words. 0, or -1 when a usage error was printed. Options that every verb has
 * (--json, -q, --root, --connect) are taken too. End with args_done() in any case. */
int args_parse(struct ctl *ctl, const struct verb *v, int argc, char *const argv[],
	       struct args *ret) mustcheck;
/* One of these; *ret_used is how many words it took. Returns whether argv[0] was one, -1 when it
 * lacks its value. */
int args_common(struct ctl *ctl, int argc, char *const argv[], int *ret_used) mustcheck;
const char *args_text(const struct args *a, const char *name); /* NULL: not given */
bool args_has(const struct args *a, const char *name);
/* -1 and a message when the text isn't a number from min to max; *ret is untouched when it isn't
 * given. */
int args_number(const struct args *a, const char *name, uint32_t min, uint32_t max, uint32_t *ret)
    mustcheck;
/* The same for a number with a sign. */
int args_integer(const struct args *a, const char *name, int32_t *ret) mustcheck;
/* False and a message when both options are given. */
bool args_exclusive(const struct ctl *ctl, const struct args *a, const char *one, const char *other)
    mustcheck;
void args_done(struct args *a);
/* The verb's usage in one line and its whole help text, on stdout. */
void args_help(const struct verb *v);

/* say.c: what is printed. */
void say(const struct ctl *ctl, const char *fmt, ...)
    printflike(2, 3); /* a remark, left out with -q */
int fail(const struct ctl *ctl, const char *fmt, ...) printflike(2, 3); /* "error: …"; returns 1 */
/* Print an object with "version" in front; takes it over. Returns the exit status. */
int say_json(const struct ctl *ctl, json_t *object);

#endif
