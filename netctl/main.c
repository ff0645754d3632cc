// SPDX-License-Identifier: GPL-2.0-or-later
/* main.c — netctl: the command line of netd.
 *
 * Finds the verb, reads its words, runs it, prints the reason when it failed. It links no library
 * beyond libc and jansson, so that a call costs little more than its round trip to the daemon. */
#include "netctl/verb.h"
#include "rpc/client.h"

#include <locale.h>
#include <stdio.h>
#include <string.h>

static const struct {
	const char *title; /* NULL: goes on with the group before */
	const struct verb *verbs;
} groups[] = {
	// clang-format off
	{ "Networks", network_verbs }, { NULL, start_verbs }, { NULL, list_verbs }, { NULL, event_verbs },
	{ "Changing networks", update_verbs }, { NULL, describe_verbs }, { NULL, edit_verbs },
	{ NULL, apply_verbs }, { NULL, import_verbs }, { NULL, history_verbs }, { NULL, net_port_verbs },
	{ NULL, dhcp_options_verbs },
	{ "Guests", guest_verbs }, { NULL, port_verbs },
	{ "Leases", lease_verbs },
	{ "Names", dns_verbs }, { NULL, dns_log_verbs },
	{ "The daemon", rules_verbs }, { NULL, status_verbs }, { NULL, help_verbs },
	// clang-format on
};

const struct verb *verb_find(const char *name)
{
	for (size_t g = 0; g < ARRAY_LEN(groups); g++)
		for (const struct verb *v = groups[g].verbs; v->name; v++)
			if (strcmp(v->name, name) == 0)
				return v;
	return NULL;
}

static void print_usage(void)
{
	puts("netctl [--root DIR | --connect SOCKET] [-q] [--json] VERB [ARGUMENTS]\n");
	for (size_t g = 0; g < ARRAY_LEN(groups); g++) {
		if (groups[g].title)
			printf("%s%s:\n", g ? "\n" : "", groups[g].title);
		for (const struct verb *v = groups[g].verbs; v->name; v++)
			printf("  %-16s %s\n", v->name, v->summary);
	}
	puts("\nOptions:\n"
	     "  --root DIR       talk to the netd that was started with the same --root (or set "
	     "NETD_ROOT)\n"
	     "  --connect SOCKET talk to the daemon that listens there\n"
	     "  -q, --quiet      print only what was asked for\n"
	     "  --json           print JSON instead of a table; every verb that reads has it\n"
	     "  --version, --help\n\n"
	     "'netctl help VERB' tells more. 'virsh -c network:///system' speaks to netd too.");
}

static int run_help(struct ctl *ctl, const struct args *a)
{
	const char *name = args_text(a, "verb");
	const struct verb *v = name ? verb_find(name) : NULL;

	if (name && !v)
		return fail(ctl, "command or command group '%s' doesn't exist", name);
	if (v)
		args_help(v);
	else
		print_usage();
	return 0;
}

static int run_version(struct ctl *ctl, const struct args *a)
{
	if (ctl->json)
		return say_json(ctl, json_pack("{s:s}", "netctl-version", NETD_VERSION));
	puts("netctl " NETD_VERSION);
	ctl->quiet = true;
	return 0;
}

static const struct opt help_opts[] = { { "verb", OPT_MAYBE, "the verb" }, { NULL } },
			no_opts[] = { { NULL } };
const struct verb help_verbs[] = {
	{ "help", "print help", "Prints all verbs, or how one is used.", help_opts, run_help },
	{ "version", "print netctl's version", "Prints netctl's version.", no_opts, run_version },
	{ NULL },
};

static int run_verb(struct ctl *ctl, const struct verb *v, int argc, char *const argv[])
{
	struct args args;
	int status;

	if (argc > 0 && (strcmp(argv[0], "--help") == 0 || strcmp(argv[0], "-h") == 0)) {
		args_help(v);
		return 0;
	}
	if (args_parse(ctl, v, argc, argv, &args) < 0) {
		args_done(&args);
		return 1;
	}
	status = v->run(ctl, &args);
	args_done(&args);
	if (!ctl->quiet && !ctl->json)
		putchar('\n');
	if (status && ctl->err.msg[0])
		fail(ctl, "%s", ctl->err.msg);
	client_free(ctl->client);
	return status;
}

/* The options in front of the verb. Returns the verb's place, or -1 with the exit status in
 * *ret_status. */
static int take_options(struct ctl *ctl, int argc, char *const argv[], int *ret_status)
{
	int i = 1, used, r;

	*ret_status = 0;
	for (; i < argc && argv[i][0] == '-'; i += used) {
		if (strcmp(argv[i], "--version") == 0 || strcmp(argv[i], "-V") == 0) {
			puts("netctl " NETD_VERSION);
			return -1;
		}
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
			print_usage();
			return -1;
		}
		r = args_common(ctl, argc - i, argv + i, &used);
		if (r > 0)
			continue;
		if (r == 0)
			fail(ctl, "unsupported option '%s'. See 'netctl --help'.", argv[i]);
		*ret_status = 1;
		return -1;
	}
	return i;
}

int main(int argc, char *argv[])
{
	const char *root = getenv("NETD_ROOT");
	struct ctl ctl = { .root = root ? root : "" };
	const struct verb *v;
	int at, status;

	setlocale(LC_CTYPE, ""); /* how wide a character is; texts are English */
	at = take_options(&ctl, argc, argv, &status);
	if (at < 0)
		return status;
	if (at == argc) {
		print_usage();
		return 1;
	}
	if (strcmp(ctl.root, "/") == 0)
		ctl.root = "";
	v = verb_find(argv[at]);
	if (!v) {
		fail(&ctl, "unknown command: '%s'", argv[at]);
		return 1;
	}
	status = run_verb(&ctl, v, argc - at - 1, argv + at + 1);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		fprintf(stderr, "error: cannot write to standard output\n");
		return 1;
	}
	return status;
}
