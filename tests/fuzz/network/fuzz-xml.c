/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fuzz-xml.c — any bytes as a definition: they are refused with a reason, or what is printed of
 * them can be read again and prints the same. */
#include "network/xml.h"

#include <stdio.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds, const char *what, const char *text)
{
	if (holds)
		return;
	fprintf(stderr, "%s:\n%s\n", what, text ? text : "");
	abort();
}

/* Print, read, print: the two texts. */
static void check_round_trip(const struct network *n)
{
	auto_free char *first = network_format(n, 0, 0);
	struct network *again = NULL;
	struct err e = { 0 };

	check(first, "not printed", NULL);
	check(network_parse(first, strlen(first), NETWORK_PARSE_STORED, &again, NULL, &e) == 0,
	      "what was printed is refused", e.msg);
	auto_free char *second = network_format(again, 0, 0);
	check(second && !strcmp(first, second), "printed differently again", first);
	network_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const unsigned flags[] = { 0, NETWORK_PARSE_STORED, NETWORK_PARSE_VALIDATE };

	for (size_t i = 0; i < ARRAY_LEN(flags); i++) {
		struct network_warnings w = { 0 };
		struct network *n = NULL;
		struct err e = { 0 };
		int err = network_parse((const char *)data, size, flags[i], &n, &w, &e);
		check((err == 0) == (n != NULL), "neither accepted nor refused", e.msg);
		check(err == 0 || (e.code == -err && e.class && *e.msg), "refused without a reason",
		      e.msg);
		if (n)
			check_round_trip(n);
		network_free(n);
		network_warnings_done(&w);
	}
	return 0;
}
