// SPDX-License-Identifier: GPL-2.0-or-later
#include "netctl/conditions.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum column { NETWORK, KIND, OBJECT, SINCE, N_COLUMNS };
static const char *const titles[N_COLUMNS] = { "network", "condition", "object", "since" };

/* "2026-11-20T17:00:00Z" in local time, and how long that is; as it is when it can't be read. */
static void since_text(const char *utc, struct text *out)
{
	struct tm tm = { 0 };
	char local[32];
	time_t t, now = time(NULL);

	if (!strptime(utc, "%Y-%m-%dT%H:%M:%SZ", &tm) || (t = timegm(&tm)) == (time_t)-1)
		return text_add_escaped(out, utc, strlen(utc), 40);
	long long age = now > t ? (long long)(now - t) : 0;
	strftime(local, sizeof(local), "%Y-%m-%d %H:%M:%S", localtime_r(&t, &tm));
	if (age < 120)
		text_addf(out, "%s (%lld s)", local, age);
	else if (age < 7200)
		text_addf(out, "%s (%lld min)", local, age / 60);
	else if (age < 172800)
		text_addf(out, "%s (%lld h)", local, age / 3600);
	else
		text_addf(out, "%s (%lld days)", local, age / 86400);
}

static const char *member(const json_t *row, const char *name)
{
	const char *s = json_string_value(json_object_get(row, name));

	return s ? s : "-";
}

/* Names of interfaces may hold what a terminal would obey. */
static char *cell(const json_t *row, enum column column)
{
	static const char *const names[N_COLUMNS] = { "network", "kind", "object", "since" };
	const char *s = member(row, names[column]);
	struct text out = { 0 };

	if (column == SINCE)
		since_text(s, &out);
	else
		text_add_escaped(&out, s, strlen(s), 256);
	return text_take(&out);
}

static void print_line(const char *what, const char *s)
{
	struct text out = { 0 };

	text_add_escaped(&out, s, strlen(s), 1024);
	auto_free char *clean = text_take(&out);
	printf("   %s%s\n", what, clean ? clean : "");
}

static void print_row(const json_t *row, const int width[N_COLUMNS])
{
	for (unsigned i = 0; i < N_COLUMNS; i++) {
		auto_free char *s = cell(row, (enum column)i);
		printf(i + 1 < N_COLUMNS ? " %-*s  " : " %-*s\n", i + 1 < N_COLUMNS ? width[i] : 0,
		       s ? s : "");
	}
	print_line("", member(row, "text"));
	print_line("To do: ", member(row, "to-do"));
}

void conditions_print(const json_t *list)
{
	int width[N_COLUMNS], dashes = 0;
	const json_t *row;
	size_t i;

	if (!json_array_size(list)) {
		printf("%-15s none\n", "conditions:");
		return;
	}
	for (unsigned k = 0; k < N_COLUMNS; k++) {
		width[k] = (int)strlen(titles[k]);
		json_array_foreach(list, i, row)
		{
			auto_free char *s = cell(row, (enum column)k);
			width[k] = MAX_OF(width[k], s ? (int)strlen(s) : 0);
		}
		dashes += width[k] + 3;
	}
	puts("\nconditions:");
	for (unsigned k = 0; k < N_COLUMNS; k++)
		printf(k + 1 < N_COLUMNS ? " %-*s  " : " %-*s\n", k + 1 < N_COLUMNS ? width[k] : 0,
		       titles[k]);
	while (dashes--)
		putchar('-');
	putchar('\n');
	json_array_foreach(list, i, row) print_row(row, width);
}
