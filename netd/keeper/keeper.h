/* SPDX-License-Identifier: GPL-2.0-or-later */
/* keeper.h — the process that keeps the others: it starts the controller and the workers, watches
 * them, restarts what died or hung, and holds descriptors for whoever comes next. It decides
 * nothing about networks and parses nothing but the controller's few messages.
 *
 * The controller's life: started -> (held descriptors, HELLO) -> READY -> asked for a sign of life
 * twice a second. Its end, whatever the cause, ends its workers; it is started again at once, and
 * later ones after a back-off that doubles up to 5 s and is forgotten after 10 s of health. Only an
 * end in good order during the very first start is taken for an answer: then the keeper ends as
 * well. */
#ifndef NETD_KEEPER_H
#define NETD_KEEPER_H

#include "base/list.h"
#include "netd/keeper/keeper-held.h"
#include "netd/process/paths.h"
#include "netd/process/restart-pace.h"

#include <limits.h>
#include <systemd/sd-event.h>

#define KEEPER_WORKERS_MAX 1024

struct keeper_worker {
	struct list in_keeper;
	struct keeper *keeper;
	sd_event_source *child;
	uint32_t id;
	bool orphan; /* its controller is dead; nobody waits for the news of its end */
};

struct keeper {
	const struct paths *paths;
	int lock_fd;   /* the controller gets it, too: no successor starts while it lives */
	int report_fd; /* to whoever waits for netd to be ready; -1: nobody */
	char controller_path[PATH_MAX], worker_path[PATH_MAX];
	sd_event *event;
	struct held held;
	struct list workers;
	size_t n_workers;

	/* The present controller; channel is NULL while there is none. */
	struct channel *channel;
	sd_event_source *child, *io;
	size_t handed;       /* how many of the held descriptors it has been sent */
	bool greeted, ready; /* HELLO sent, READY received */
	unsigned unanswered; /* pings */

	sd_event_source *ping, *restart, *patience;
	unsigned starts, failures;
	struct restart_pace pace;
	bool was_ready, stopping;
	char why[KEEPER_TEXT_MAX + 1]; /* the controller's last FAILED */
};

/* Keep until told to stop; the exit status. `report_fd` gets one octet 'R' when the controller is
 * ready, or the text of the failure; either way it is closed then. */
int keeper_run(const struct paths *paths, int lock_fd, int report_fd);

/* keeper-workers.c */
/* Start a worker for the controller and send it SPAWNED, or DIED. -EPROTO for what a sane
 * controller never asks. */
int keeper_spawn_worker(struct keeper *k, uint32_t id, const char *role) mustcheck;
void keeper_kill_worker(struct keeper *k, uint32_t id);
/* Their controller is dead. */
void keeper_orphan_workers(struct keeper *k);

/* Send to the present controller; one whose line is full or broken is killed. */
void keeper_tell(struct keeper *k, const struct keeper_message *m, const int *fds, size_t n_fds);

#endif
