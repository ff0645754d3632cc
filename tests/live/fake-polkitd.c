/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fake-polkitd FILE — polkit's authority on the system bus, with the mind of the test.
 *
 * FILE has a line for each action, the last one that fits counts: a glob(7) pattern of actions,
 * what to answer (yes, no, challenge, dismissed, error, or "never": nothing at all), and
 * optionally a pattern that one of the details must match ("network_name=lab*"). Each question is
 * printed as it comes, each withdrawal too. */
#include <fnmatch.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

static const char *mind;

struct question {
	const char *action, *kind, *id;
	uint32_t pid, flags;
	uint64_t start;
	int32_t uid;
	char details[16][300];
	size_t n_details;
};

static bool has_detail(const struct question *q, const char *pattern)
{
	for (size_t i = 0; i < q->n_details; i++)
		if (fnmatch(pattern, q->details[i], 0) == 0)
			return true;
	return false;
}

static void make_up_mind(const struct question *q, char answer[static 32])
{
	char line[512], action[200], word[32], detail[200];
	FILE *f = fopen(mind, "re");

	strcpy(answer, "no");
	while (f && fgets(line, sizeof(line), f)) {
		int n = sscanf(line, "%199s %31s %199s", action, word, detail);
		if (n >= 2 && fnmatch(action, q->action, 0) == 0 &&
		    (n < 3 || has_detail(q, detail)))
			strcpy(answer, word);
	}
	if (f)
		fclose(f);
}

static int read_subject(sd_bus_message *m, struct question *q)
{
	const char *key;
	int r;

	if (sd_bus_message_enter_container(m, 'r', "sa{sv}") < 0 ||
	    sd_bus_message_read(m, "s", &q->kind) < 0 ||
	    sd_bus_message_enter_container(m, 'a', "{sv}") < 0)
		return -1;
	while ((r = sd_bus_message_enter_container(m, 'e', "sv")) > 0) {
		if (sd_bus_message_read(m, "s", &key) < 0)
			return -1;
		r = strcmp(key, "pid") == 0          ? sd_bus_message_read(m, "v", "u", &q->pid)
		    : strcmp(key, "start-time") == 0 ? sd_bus_message_read(m, "v", "t", &q->start)
		    : strcmp(key, "uid") == 0        ? sd_bus_message_read(m, "v", "i", &q->uid)
						     : sd_bus_message_skip(m, "v");
		if (r < 0 || sd_bus_message_exit_container(m) < 0)
			return -1;
	}
	return r < 0 || sd_bus_message_exit_container(m) < 0 || sd_bus_message_exit_container(m) < 0
		   ? -1
		   : 0;
}

static int read_question(sd_bus_message *m, struct question *q)
{
	const char *key, *value;

	if (read_subject(m, q) < 0 || sd_bus_message_read(m, "s", &q->action) < 0 ||
	    sd_bus_message_enter_container(m, 'a', "{ss}") < 0)
		return -1;
	while (q->n_details < 16 && sd_bus_message_read(m, "{ss}", &key, &value) > 0)
		snprintf(q->details[q->n_details++], sizeof(q->details[0]), "%s=%s", key, value);
	if (sd_bus_message_exit_container(m) < 0)
		return -1;
	return sd_bus_message_read(m, "us", &q->flags, &q->id);
}

static int on_check(sd_bus_message *m, void *data, sd_bus_error *e)
{
	struct question q = { 0 };
	char answer[32];

	if (read_question(m, &q) < 0)
		return sd_bus_reply_method_errorf(m, SD_BUS_ERROR_INVALID_ARGS, "bad question");
	make_up_mind(&q, answer);
	printf("%s %s pid=%u start=%llu uid=%d flags=%u id=%s", answer, q.action, q.pid,
	       (unsigned long long)q.start, q.uid, q.flags, q.id);
	for (size_t i = 0; i < q.n_details; i++)
		printf(" %s", q.details[i]);
	printf("\n");
	if (strcmp(answer, "never") == 0)
		return 1;
	if (strcmp(answer, "error") == 0)
		return sd_bus_reply_method_errorf(m, "org.freedesktop.PolicyKit1.Error.Failed",
						  "out of order");
	bool dismissed = strcmp(answer, "dismissed") == 0;
	return sd_bus_reply_method_return(m, "(bba{ss})", strcmp(answer, "yes") == 0,
					  dismissed || strcmp(answer, "challenge") == 0,
					  dismissed ? 1 : 0, "polkit.dismissed", "true");
}

static int on_cancel(sd_bus_message *m, void *data, sd_bus_error *e)
{
	const char *id;

	if (sd_bus_message_read(m, "s", &id) < 0)
		return -1;
	printf("withdrawn %s\n", id);
	return sd_bus_reply_method_return(m, "");
}

static const sd_bus_vtable methods[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_METHOD("CheckAuthorization", "(sa{sv})sa{ss}us", "(bba{ss})", on_check,
		      SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD("CancelCheckAuthorization", "s", "", on_cancel, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_VTABLE_END,
};

int main(int argc, char **argv)
{
	sd_bus *bus = NULL;
	sd_event *loop = NULL;

	if (argc != 2)
		return 2;
	mind = argv[1];
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (sd_event_new(&loop) < 0 || sd_bus_open_system(&bus) < 0 ||
	    sd_bus_add_object_vtable(bus, NULL, "/org/freedesktop/PolicyKit1/Authority",
				     "org.freedesktop.PolicyKit1.Authority", methods, NULL) < 0 ||
	    sd_bus_request_name(bus, "org.freedesktop.PolicyKit1", 0) < 0 ||
	    sd_bus_attach_event(bus, loop, 0) < 0)
		return 1;
	printf("ready\n");
	return sd_event_loop(loop) < 0;
}
