// SPDX-License-Identifier: GPL-2.0-or-later
/* args.c — a verb's words by its table of options, with virsh's texts for what is wrong in them. */
#include "netctl/verb.h"

#include <stdio.h>
#include <string.h>

static int option_row(const struct verb *v, const char *name, size_t n)
{
	for (int i = 0; v->opts && v->opts[i].name; i++)
		if (strlen(v->opts[i].name) == n && memcmp(v->opts[i].name, name, n) == 0)
			return i;
	return -1;
}

/* Does argv[0] say `name`, as a word of its own or with "=value"? 1, 0, or -1 without a value. */
static int common_value(int argc, char *const argv[], const char *name, const char **ret,
			int *ret_used)
{
	size_t n = strlen(name);

	if (strncmp(argv[0], name, n) != 0 || (argv[0][n] && argv[0][n] != '='))
		return 0;
	if (!argv[0][n] && argc < 2) {
		fprintf(stderr, "error: expected syntax: %s <string>\n", name);
		return -1;
	}
	*ret = argv[0][n] ? argv[0] + n + 1 : argv[1];
	*ret_used = argv[0][n] ? 1 : 2;
	return 1;
}

int args_common(struct ctl *ctl, int argc, char *const argv[], int *ret_used)
{
	int r;

	*ret_used = 1;
	if (strcmp(argv[0], "--json") == 0)
		return ctl->json = true;
	if (strcmp(argv[0], "-q") == 0 || strcmp(argv[0], "--quiet") == 0)
		return ctl->quiet = true;
	r = common_value(argc, argv, "--root", &ctl->root, ret_used);
	if (r == 0)
		r = common_value(argc, argv, "--connect", &ctl->socket, ret_used);
	if (r == 0)
		r = common_value(argc, argv, "-c", &ctl->socket, ret_used);
	return r;
}

/* The next place that a word without "--" can take, or -1. */
static int next_place(const struct verb *v, const struct args *a)
{
	for (int i = 0; v->opts && v->opts[i].name; i++)
		if ((v->opts[i].kind == OPT_WORD || v->opts[i].kind == OPT_MAYBE) && !a->value[i])
			return i;
	return -1;
}

static bool takes(const struct verb *v, enum opt_kind kind)
{
	for (int i = 0; v->opts && v->opts[i].name; i++)
		if (v->opts[i].kind == kind)
			return true;
	return false;
}

static void add_word(struct args *a, const char *word)
{
	if (a->n_words++)
		text_add(&a->words, " ");
	text_add(&a->words, word);
}

/* "--name", "--name value", "--name=value". Returns how many words were used, or -1. */
static int take_option(struct ctl *ctl, const struct verb *v, int argc, char *const argv[],
		       struct args *a)
{
	const char *name = argv[0] + 2, *equals = strchr(name, '=');
	size_t n = equals ? (size_t)(equals - name) : strlen(name);
	int row = option_row(v, name, n), used;
	bool flag;

	if (row < 0) {
		int r = args_common(ctl, argc, argv, &used);
		if (r == 0)
			fail(ctl, "command '%s' doesn't support option --%.*s", v->name, (int)n,
			     name);
		return r > 0 ? used : -1;
	}
	flag = v->opts[row].kind == OPT_FLAG;
	if (a->value[row])
		fail(ctl, "option --%s already seen", v->opts[row].name);
	else if (flag && equals)
		fail(ctl, "invalid '=' after option --%s", v->opts[row].name);
	else if (!flag && !equals && argc < 2)
		fail(ctl, "expected syntax: --%s <%s>", v->opts[row].name,
		     v->opts[row].kind == OPT_NUMBER ? "number" : "string");
	else if (v->opts[row].kind == OPT_WORDS) {
		add_word(a, equals ? equals + 1 : argv[1]);
		return equals ? 1 : 2;
	} else {
		a->value[row] = flag ? "" : equals ? equals + 1 : argv[1];
		return flag || equals ? 1 : 2;
	}
	return -1;
}

static bool is_replaced(const struct args *a, const struct opt *o)
{
	for (size_t i = 0; i < ARRAY_LEN(o->unless); i++)
		if (o->unless[i] && args_has(a, o->unless[i]))
			return true;
	return false;
}

static int check_required(struct ctl *ctl, const struct verb *v, const struct args *a)
{
	int missing = 0;

	for (int i = 0; v->opts && v->opts[i].name; i++)
		if (v->opts[i].kind == OPT_WORD && !a->value[i] && !is_replaced(a, &v->opts[i]))
			missing -= fail(ctl, "command '%s' requires <%s> option", v->name,
					v->opts[i].name);
	for (int i = 0; !missing && v->opts && v->opts[i].name; i++)
		if (v->opts[i].kind == OPT_WORD && a->value[i] && !*a->value[i]) {
			say(ctl, "\n");
			fail(ctl, "Failed to get option '%s': Option argument is empty",
			     v->opts[i].name);
			return -1;
		}
	return missing ? -1 : 0;
}

int args_parse(struct ctl *ctl, const struct verb *v, int argc, char *const argv[],
	       struct args *ret)
{
	bool words_only = false;

	*ret = (struct args){ .opts = v->opts };
	for (int i = 0, used; i < argc; i += used) {
		int place = next_place(v, ret);

		used = 1;
		if (!words_only && strcmp(argv[i], "--") == 0) {
			words_only = true;
		} else if (!words_only && strncmp(argv[i], "--", 2) == 0) {
			used = take_option(ctl, v, argc - i, argv + i, ret);
			if (used < 0)
				return -1;
		} else if (!words_only && strcmp(argv[i], "-q") == 0) {
			ctl->quiet = true;
		} else if (takes(v, OPT_REST) && (place < 0 || words_only)) {
			ret->rest = argv + i;
			break;
		} else if (place >= 0) {
			ret->value[place] = argv[i];
		} else if (takes(v, OPT_WORDS)) {
			add_word(ret, argv[i]);
		} else {
			fail(ctl, "unexpected data '%s'", argv[i]);
			return -1;
		}
	}
	return check_required(ctl, v, ret);
}

const char *args_text(const struct args *a, const char *name)
{
	for (int i = 0; a->opts && a->opts[i].name; i++)
		if (strcmp(a->opts[i].name, name) == 0)
			return a->value[i];
	return NULL;
}

bool args_has(const struct args *a, const char *name)
{
	return args_text(a, name) != NULL;
}

int args_number(const struct args *a, const char *name, uint32_t min, uint32_t max, uint32_t *ret)
{
	const char *text = args_text(a, name);

	if (!text || parse_u32(text, min, max, ret) == 0)
		return 0;
	fprintf(stderr, "error: Numeric value '%s' for <%s> option is malformed or out of range\n",
		text, name);
	return -1;
}

int args_integer(const struct args *a, const char *name, int32_t *ret)
{
	const char *text = args_text(a, name);
	uint32_t magnitude;
	bool minus = text && *text == '-';

	if (!text)
		return 0;
	if (parse_u32(text + minus, 0, INT32_MAX, &magnitude) == 0) {
		*ret = minus ? -(int32_t)magnitude : (int32_t)magnitude;
		return 0;
	}
	fprintf(stderr, "error: Numeric value '%s' for <%s> option is malformed or out of range\n",
		text, name);
	return -1;
}

bool args_exclusive(const struct ctl *ctl, const struct args *a, const char *one, const char *other)
{
	bool both = args_has(a, one) && args_has(a, other);

	if (both)
		fail(ctl, "Options --%s and --%s are mutually exclusive", one, other);
	return !both;
}

void args_done(struct args *a)
{
	text_done(&a->words);
}

static void print_synopsis(const struct verb *v)
{
	printf("    %s", v->name);
	for (const struct opt *o = v->opts; o && o->name; o++)
		switch (o->kind) {
		case OPT_FLAG:
			printf(" [--%s]", o->name);
			break;
		case OPT_TEXT:
			printf(" [--%s <string>]", o->name);
			break;
		case OPT_NUMBER:
			printf(" [--%s <number>]", o->name);
			break;
		case OPT_WORD:
			printf(" <%s>", o->name);
			break;
		case OPT_MAYBE:
			printf(" [<%s>]", o->name);
			break;
		case OPT_REST:
			printf(" -- <%s>...", o->name);
			break;
		case OPT_WORDS:
			printf(" [<%s>]...", o->name);
			break;
		}
	putchar('\n');
}

static void option_form(const struct opt *o, char buf[static 64])
{
	switch (o->kind) {
	case OPT_FLAG:
		snprintf(buf, 64, "--%s", o->name);
		return;
	case OPT_NUMBER:
		snprintf(buf, 64, "--%s <number>", o->name);
		return;
	case OPT_WORD:
	case OPT_MAYBE:
		snprintf(buf, 64, "[--%s] <string>", o->name);
		return;
	case OPT_REST:
		snprintf(buf, 64, "<%s>", o->name);
		return;
	case OPT_WORDS:
		snprintf(buf, 64, "[--%s] <string>...", o->name);
		return;
	case OPT_TEXT:
		break;
	}
	snprintf(buf, 64, "--%s <string>", o->name);
}

void args_help(const struct verb *v)
{
	int width = 0;
	char form[64];

	printf("  NAME\n    %s - %s\n\n  SYNOPSIS\n", v->name, v->summary);
	print_synopsis(v);
	printf("\n  DESCRIPTION\n    %s\n\n", v->description);
	for (const struct opt *o = v->opts; o && o->name; o++) {
		option_form(o, form);
		width = MAX_OF(width, (int)strlen(form));
	}
	if (v->opts && v->opts[0].name)
		printf("  OPTIONS\n");
	for (const struct opt *o = v->opts; o && o->name; o++) {
		option_form(o, form);
		printf("    %-*s  %s\n", width, form, o->help);
	}
	if (v->opts && v->opts[0].name)
		putchar('\n');
}
