/* SPDX-License-Identifier: GPL-2.0-or-later */
/* polkit.h — asks polkit over the system bus whether a process may do something.
 *
 * Never blocks: the bus is connected to when the first question comes, and again when it was lost;
 * it is where DBUS_SYSTEM_BUS_ADDRESS says, or in the usual place. Each question is answered
 * exactly once, from the loop, unless it is withdrawn; whatever happens to bus and polkit, at the
 * latest when its time is over. Not thread safe. */
#ifndef NETD_POLKIT_H
#define NETD_POLKIT_H

#include "base/err.h"

#include <stdint.h>
#include <sys/types.h>
#include <systemd/sd-event.h>

#define POLKIT_SEC             10  /* for an answer */
#define POLKIT_INTERACTIVE_SEC 120 /* … when somebody may have to type a password first */

struct polkit;
struct polkit_question;

struct polkit_subject {
	pid_t pid;
	uint64_t start_time; /* of the process, as /proc/PID/stat has it */
	uid_t uid;
};
enum polkit_answer {
	POLKIT_YES,
	POLKIT_NO,
	POLKIT_CHALLENGE, /* somebody would have to authenticate, and can't */
	POLKIT_DISMISSED, /* … and didn't want to */
	POLKIT_BROKEN,    /* nobody answers, or nonsense */
};
/* `why` is for people, with POLKIT_BROKEN. */
typedef void polkit_fn(void *data, enum polkit_answer answer, const char *why);

/* NULL when out of memory. */
struct polkit *polkit_new(sd_event *loop) mustcheck;
void polkit_free(struct polkit *p); /* after all questions */

/* `details` are names and values in turn, NULL at the end. NULL: it can't be asked; `fn` won't be
 * called then. */
struct polkit_question *polkit_ask(struct polkit *p, const struct polkit_subject *subject,
				   const char *action, const char *const *details, bool interactive,
				   polkit_fn *fn, void *data) mustcheck;
/* Nobody wants the answer any more. */
void polkit_withdraw(struct polkit_question *q);

/* When process `pid` was started, in clock ticks since the boot; 0: there is none. */
uint64_t polkit_start_time(pid_t pid);

#endif
