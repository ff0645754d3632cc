/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netd/door/polkit.h"

#include "base/clock.h"
#include "base/file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <systemd/sd-bus.h>

#define SYSTEM_BUS  "unix:path=/run/dbus/system_bus_socket"
#define SERVICE     "org.freedesktop.PolicyKit1"
#define AUTHORITY   "/org/freedesktop/PolicyKit1/Authority", "org.freedesktop.PolicyKit1.Authority"
#define INTERACTIVE 1u

struct polkit {
	sd_event *loop;
	sd_bus *bus;    /* NULL: not connected */
	uint64_t asked; /* so many questions */
};

struct polkit_question {
	struct polkit *p;
	sd_bus_slot *slot;
	sd_event_source *timer;
	char id[32]; /* by which it can be withdrawn */
	bool interactive;
	polkit_fn *fn;
	void *data;
};

struct polkit *polkit_new(sd_event *loop)
{
	struct polkit *p = calloc(1, sizeof(*p));

	if (p)
		p->loop = sd_event_ref(loop);
	return p;
}

static void hang_up(struct polkit *p)
{
	if (!p->bus)
		return;
	(void)sd_bus_detach_event(p->bus);
	sd_bus_close(p->bus);
	p->bus = sd_bus_unref(p->bus);
}

void polkit_free(struct polkit *p)
{
	if (!p)
		return;
	hang_up(p);
	sd_event_unref(p->loop);
	free(p);
}

/* Only begins to connect: what is sent meanwhile waits. */
static int connect_bus(struct polkit *p)
{
	const char *env = getenv("DBUS_SYSTEM_BUS_ADDRESS");
	const char *address = env && *env ? env : SYSTEM_BUS;
	int r;

	if (p->bus && sd_bus_is_open(p->bus) > 0)
		return 0;
	hang_up(p);
	if ((r = sd_bus_new(&p->bus)) < 0)
		return r;
	if ((r = sd_bus_set_address(p->bus, address)) < 0 ||
	    (r = sd_bus_set_bus_client(p->bus, 1)) < 0 || (r = sd_bus_start(p->bus)) < 0 ||
	    (r = sd_bus_attach_event(p->bus, p->loop, SD_EVENT_PRIORITY_NORMAL)) < 0)
		hang_up(p);
	return r;
}

static void question_free(struct polkit_question *q)
{
	sd_bus_slot_unref(q->slot);
	sd_event_source_disable_unref(q->timer);
	free(q);
}

static void answered(struct polkit_question *q, enum polkit_answer answer, const char *why)
{
	polkit_fn *fn = q->fn;
	void *data = q->data;

	question_free(q);
	fn(data, answer, why);
}

/* (bba{ss}): authorised, would be after a challenge, and what polkit adds. */
static int read_reply(sd_bus_message *m, enum polkit_answer *ret)
{
	int yes, challenge, r;
	const char *key, *value;
	bool dismissed = false;

	if ((r = sd_bus_message_enter_container(m, 'r', "bba{ss}")) < 0 ||
	    (r = sd_bus_message_read(m, "bb", &yes, &challenge)) < 0 ||
	    (r = sd_bus_message_enter_container(m, 'a', "{ss}")) < 0)
		return r;
	while ((r = sd_bus_message_read(m, "{ss}", &key, &value)) > 0)
		dismissed = dismissed || (strcmp(key, "polkit.dismissed") == 0 && *value);
	if (r < 0)
		return r;
	*ret = yes         ? POLKIT_YES
	       : dismissed ? POLKIT_DISMISSED
	       : challenge ? POLKIT_CHALLENGE
			   : POLKIT_NO;
	return 0;
}

static int on_reply(sd_bus_message *m, void *data, sd_bus_error *unused)
{
	struct polkit_question *q = data;
	const sd_bus_error *e = sd_bus_message_get_error(m);
	enum polkit_answer answer = POLKIT_BROKEN;
	char why[256] = "";

	if (e)
		snprintf(why, sizeof(why), "polkit cannot be asked: %s",
			 e->message ? e->message
			 : e->name  ? e->name
				    : "?");
	else if (read_reply(m, &answer) < 0)
		snprintf(why, sizeof(why), "polkit's answer makes no sense");
	answered(q, answer, why);
	return 1;
}

/* An agent may be asking somebody for a password; it should stop. */
static void tell_withdrawn(struct polkit_question *q)
{
	if (q->interactive && q->p->bus && sd_bus_is_open(q->p->bus) > 0)
		(void)!sd_bus_call_method_async(q->p->bus, NULL, SERVICE, AUTHORITY,
						"CancelCheckAuthorization", NULL, NULL, "s", q->id);
}

static int on_time_over(sd_event_source *s, uint64_t usec, void *data)
{
	struct polkit_question *q = data;

	tell_withdrawn(q);
	answered(q, POLKIT_BROKEN, "polkit doesn't answer");
	return 0;
}

void polkit_withdraw(struct polkit_question *q)
{
	if (!q)
		return;
	tell_withdrawn(q);
	question_free(q);
}

static int write_question(sd_bus_message *m, const struct polkit_question *q,
			  const struct polkit_subject *s, const char *action,
			  const char *const *details)
{
	int r;

	if ((r = sd_bus_message_append(m, "(sa{sv})s", "unix-process", 3, "pid", "u",
				       (uint32_t)s->pid, "start-time", "t", s->start_time, "uid",
				       "i", (int32_t)s->uid, action)) < 0 ||
	    (r = sd_bus_message_open_container(m, 'a', "{ss}")) < 0)
		return r;
	for (; details && details[0]; details += 2)
		if ((r = sd_bus_message_append(m, "{ss}", details[0], details[1])) < 0)
			return r;
	if ((r = sd_bus_message_close_container(m)) < 0)
		return r;
	return sd_bus_message_append(m, "us", q->interactive ? INTERACTIVE : 0, q->id);
}

static int send_question(struct polkit_question *q, const struct polkit_subject *s,
			 const char *action, const char *const *details)
{
	uint64_t sec = q->interactive ? POLKIT_INTERACTIVE_SEC : POLKIT_SEC;
	sd_bus_message *m = NULL;
	int r = connect_bus(q->p);

	if (r == 0)
		r = sd_bus_message_new_method_call(q->p->bus, &m, SERVICE, AUTHORITY,
						   "CheckAuthorization");
	if (r >= 0)
		r = write_question(m, q, s, action, details);
	if (r >= 0)
		r = sd_bus_call_async(q->p->bus, &q->slot, m, on_reply, q, UINT64_MAX);
	if (r >= 0)
		r = sd_event_add_time_relative(q->p->loop, &q->timer, CLOCK_BOOTTIME,
					       sec * USEC_PER_SEC, 0, on_time_over, q);
	sd_bus_message_unref(m);
	return r;
}

struct polkit_question *polkit_ask(struct polkit *p, const struct polkit_subject *subject,
				   const char *action, const char *const *details, bool interactive,
				   polkit_fn *fn, void *data)
{
	struct polkit_question *q = calloc(1, sizeof(*q));

	if (!q)
		return NULL;
	*q = (struct polkit_question){ .p = p, .interactive = interactive, .fn = fn, .data = data };
	/* Without a name there is nothing to cancel, and polkit refuses a name used twice. */
	if (interactive)
		snprintf(q->id, sizeof(q->id), "netd-%llu", (unsigned long long)++p->asked);
	if (send_question(q, subject, action, details) >= 0)
		return q;
	question_free(q);
	return NULL;
}

uint64_t polkit_start_time(pid_t pid)
{
	char path[64], line[1024];
	unsigned long long start = 0;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	if (pid <= 0 || file_read_proc(path, line, sizeof(line)) < 0)
		return 0;
	/* The second field is the name, with whatever its owner put there; the 22nd is wanted. */
	char *at = strrchr(line, ')');
	for (int field = 2; at && field < 22; field++)
		at = strchr(at + 1, ' ');
	return at && sscanf(at, " %llu", &start) == 1 ? start : 0;
}
