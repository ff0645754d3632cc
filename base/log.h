/* SPDX-License-Identifier: GPL-2.0-or-later */
/* log.h — one line per event on stderr, with a "<N>" priority prefix when stderr is the journal.
 *
 * Rooms below netd/ don't log above debug: they return errors. What a guest can trigger goes
 * through a struct log_limit, so that no guest fills a log. */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/util.h"

enum log_level {
	LOG_LEVEL_ERR = 3,
	LOG_LEVEL_WARNING = 4,
	LOG_LEVEL_INFO = 6,
	LOG_LEVEL_DEBUG = 7
};

/* `program` is copied and put in front of each line; NETD_LOG=debug|info|warning|err chooses the
 * level, NETD_LOG_STAMPS puts the time (UTC) before each line that doesn't go to the journal. */
void log_open(const char *program);
void log_line(enum log_level level, const char *fmt, ...) printflike(2, 3);
bool log_wants(enum log_level level);

#define log_err(...)     log_line(LOG_LEVEL_ERR, __VA_ARGS__)
#define log_warning(...) log_line(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_info(...)    log_line(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...)   log_line(LOG_LEVEL_DEBUG, __VA_ARGS__)

/* At most `burst` lines per `per_sec` seconds; zero-initialised apart from these two. */
struct log_limit {
	unsigned burst, per_sec;
	uint64_t window_start_usec;
	unsigned used, dropped;
};
/* Whether a line may be written now; *ret_dropped tells how many were swallowed before it. */
bool log_allowed(struct log_limit *l, unsigned *ret_dropped);

#endif
