/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/log.h"

#include "base/clock.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static char program_name[32] = "netd";
static enum log_level most = LOG_LEVEL_INFO;
static bool to_journal, with_time;

usec_t clock_boottime(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return (usec_t)ts.tv_sec * USEC_PER_SEC + (usec_t)ts.tv_nsec / 1000;
}

usec_t clock_wall(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (usec_t)ts.tv_sec * USEC_PER_SEC + (usec_t)ts.tv_nsec / 1000;
}

void log_open(const char *program)
{
	static const struct {
		const char *name;
		enum log_level level;
	} levels[] = {
		{ "err", LOG_LEVEL_ERR },
		{ "warning", LOG_LEVEL_WARNING },
		{ "info", LOG_LEVEL_INFO },
		{ "debug", LOG_LEVEL_DEBUG },
	};
	const char *wish = getenv("NETD_LOG");

	copy_text(program_name, sizeof(program_name), program);
	to_journal = getenv("JOURNAL_STREAM") != NULL;
	with_time = getenv("NETD_LOG_STAMPS") != NULL;
	tzset(); /* reads a file, which a worker cannot do later */
	for (size_t i = 0; wish && i < ARRAY_LEN(levels); i++)
		if (strcmp(wish, levels[i].name) == 0)
			most = levels[i].level;
}

bool log_wants(enum log_level level)
{
	return level <= most;
}

static void put_time(char *buf, size_t cap)
{
	struct timespec ts;
	struct tm tm;
	char whole[24] = "";

	clock_gettime(CLOCK_REALTIME, &ts);
	if (gmtime_r(&ts.tv_sec, &tm))
		strftime(whole, sizeof(whole), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(buf, cap, "%s.%03ldZ ", whole, ts.tv_nsec / 1000000);
}

void log_line(enum log_level level, const char *fmt, ...)
{
	char line[1200], prefix[40] = "";
	va_list ap;

	if (!log_wants(level))
		return;
	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	for (char *p = line; *p; p++)
		if (*p == '\n' || *p == '\r')
			*p = ' ';
	if (to_journal)
		snprintf(prefix, sizeof(prefix), "<%u>", (unsigned)level);
	else if (with_time)
		put_time(prefix, sizeof(prefix));
	fprintf(stderr, "%s%s: %s\n", prefix, program_name, line);
}

bool log_allowed(struct log_limit *l, unsigned *ret_dropped)
{
	usec_t now = clock_boottime();

	*ret_dropped = 0;
	if (now - l->window_start_usec >= l->per_sec * USEC_PER_SEC) {
		*ret_dropped = l->dropped;
		l->window_start_usec = now;
		l->used = l->dropped = 0;
	}
	if (l->used >= l->burst) {
		l->dropped++;
		return false;
	}
	l->used++;
	return true;
}
