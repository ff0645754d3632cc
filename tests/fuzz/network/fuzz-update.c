/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fuzz-update.c — a change of any definition: it is refused with a reason, or makes a definition
 * that is read as it is printed. The old definition stays as it was.
 *
 * An input begins with three characters and a line break: command, section and index of the parent.
 * Then come the definition, a line "---", and the element. Command 0 sets metadata: the second
 * character is its type, the third chooses the namespace. */
#include "network/update.h"

#include <stdio.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define HEAD 4 /* octets */

static void check(bool holds, const char *what, const char *text)
{
	if (holds)
		return;
	fprintf(stderr, "%s:\n%s\n", what, text ? text : "");
	abort();
}

static void check_settled(const struct network *n)
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

static void check_got(const struct network *n, enum network_metadata_type type, const char *uri)
{
	struct err e = { 0 };
	auto_free char *text = NULL;

	check(network_get_metadata(n, type, uri, &text, &e) == 0, "what was set is not there",
	      e.msg);
}

static int set_metadata(const struct network *old, const uint8_t *head, const char *text,
			struct network **ret, struct err *e)
{
	enum network_metadata_type type = (unsigned)(head[1] - '0') % 4;
	const char *uri = head[2] == '1' ? "urn:netd:network:1" : "urn:x";
	int err = network_set_metadata(old, type, text, "k", uri, ret, e);

	if (err == 0 && *text)
		check_got(*ret, type, uri);
	return err;
}

static void change(const struct network *old, const uint8_t *head, const char *part, size_t n)
{
	auto_free char *before = network_format(old, 0, 0), *text = strndup(part, n);
	struct network_warnings w = { 0 };
	struct network *changed = NULL;
	struct err e = { 0 };
	int err;

	if (head[0] == '0')
		err = set_metadata(old, head, text, &changed, &e);
	else
		err = network_update(old, (unsigned)(head[0] - '0'), (unsigned)(head[1] - '0'),
				     head[2] - '1', part, n, &changed, &w, &e);
	check((err == 0) == (changed != NULL), "neither changed nor refused", e.msg);
	check(err == 0 || (e.code == -err && e.class && *e.msg), "refused without a reason", e.msg);
	if (changed)
		check_settled(changed);
	auto_free char *after = network_format(old, 0, 0);
	check(!strcmp(before, after), "the old definition was touched", after);
	network_free(changed);
	network_warnings_done(&w);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char separator[] = "\n---\n";
	struct network *old = NULL;

	if (size < HEAD)
		return 0;
	const char *xml = (const char *)data + HEAD;
	size_t left = size - HEAD;
	const char *end = memmem(xml, left, separator, strlen(separator));
	if (!end ||
	    network_parse(xml, (size_t)(end - xml), NETWORK_PARSE_STORED, &old, NULL, NULL) < 0)
		return 0;
	const char *part = end + strlen(separator);
	change(old, data, part, left - (size_t)(part - xml));
	network_free(old);
	return 0;
}
